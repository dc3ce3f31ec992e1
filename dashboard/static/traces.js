// The exact steps of a panel as plotly's traces: seen only where a pointer is.
import { unit, values } from "./curves.js";
import { linesOf } from "./lines.js";
import { alsoColours, hue, specs, text, topicColours } from "./spec.js";
import { stackOf } from "./topics.js";

const NAMES = { service_p50: "median", service_p95: "95 %", service_p99: "99 %", service_max: "longest" };
// Letters of a topic's name in a label.
const MAX_LETTERS = 60;

// The middles of the steps, so that a pointer finds the step it is over; one array for all panels of
// an answer, in seconds: an axis of plain numbers is drawn in less time than one of dates.
function times(grid) {
  const count = Math.round((grid.end - grid.start) / grid.step);
  return (grid.times ??= Array.from({ length: count }, (_, i) => grid.start + (i + 0.5) * grid.step));
}

function scatter(name, grid, y, spec, mode, colour) {
  return {
    type: "scatter",
    mode: "lines",
    name: text(name),
    x: times(grid),
    y,
    connectgaps: false,
    line: { width: 1.5, color: "rgba(0,0,0,0)" },
    hoverlabel: { bgcolor: hue(colour) },
    hovertemplate: `%{y:${spec.format}} ${spec.format.endsWith("p") ? "" : unit(spec, mode)}<extra></extra>`,
  };
}

function topicTraces(spec, grid, daemon, mode) {
  return stackOf(daemon?.[spec.stack]).map(({ name, points, rest }, i) => ({
    ...scatter(
      name,
      grid,
      values(points, spec, mode, grid.step),
      spec,
      mode,
      rest ? topicColours.at(-1) : topicColours[i],
    ),
    stackgroup: "all",
    fillcolor: "rgba(0,0,0,0)",
    hovertemplate: `${text(name).slice(0, MAX_LETTERS)}: %{y:,.3~f}<extra></extra>`,
  }));
}

// The panel's own line is the last.
export function traces(spec, grid, daemon, { mode }) {
  if (spec.stack) return topicTraces(spec, grid, daemon, mode);
  const { line, under, also } = linesOf(spec, grid, daemon, mode);
  const behind =
    mode === "total" && under.length
      ? [scatter("Received", grid, under, specs.get(spec.under), mode, specs.get(spec.under).colour)]
      : [];
  const more = also.map(([name, points], i) => ({
    ...scatter(NAMES[name] ?? name, grid, points, spec, mode, alsoColours[i]),
    hovertemplate: `${NAMES[name] ?? name} %{y:${spec.format}} ${spec.unit}<extra></extra>`,
  }));
  return [...behind, ...more, scatter(NAMES[spec.metric] ?? spec.title, grid, line, spec, mode, spec.colour)];
}
