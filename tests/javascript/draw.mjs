// Draws the cases given as JSON on standard input; writes the results of drawing.js and axis.js.
import { readFileSync } from "node:fs";
import { ticks } from "../../dashboard/static/axis.js";
import { drawing, markup } from "../../dashboard/static/drawing.js";
import { spoken } from "../../dashboard/static/labels.js";
import { beginOf } from "../../dashboard/static/span.js";
import { stackOf } from "../../dashboard/static/topics.js";

const { panels, bodies, ranges, topicColours, room, letter } = JSON.parse(readFileSync(0, "utf-8"));
const pictures = panels.map(({ spec, grid, daemon, marks }) => {
  const stack = stackOf(daemon[spec.stack]).map((layer, i) => ({
    ...layer,
    colour: layer.rest ? topicColours.at(-1) : topicColours[i],
  }));
  const layers = spec.stack ? stack : null;
  const picture = drawing(spec, grid, daemon, {
    range: [grid.from_, grid.to],
    slim: grid.slim,
    marks,
    room,
    letter,
    layers,
  });
  return { ...picture, markup: markup(picture), spoken: spoken(spec.title, "Archiver", spec.unit, spec, picture) };
});
const axes = ranges.map((range) => {
  const { tickvals, ticktext } = ticks(range, room, letter, "utc");
  return tickvals.map((time, i) => [time, ticktext[i]]);
});
process.stdout.write(
  JSON.stringify({ panels: pictures, axes, begins: bodies.map((body) => beginOf(body).time ?? null) }),
);
