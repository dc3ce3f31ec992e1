// One panel as SVG: the same markup as draw/svg.py writes, from the same table and series; pure.
import { labels } from "./labels.js";
import { HEIGHT, WIDTH } from "./paths.js";
import { prepare } from "./prepared.js";
import { shapes } from "./shapes.js";

// A stack's whole height as the panel's own series: its scale, its gaps, its values in words.
function stackSum(spec, daemon, layers) {
  const count = layers[0].points.length,
    total = [];
  for (let i = 0; i < count; i += 1) {
    const known = layers.map(({ points }) => points[i]).filter((value) => value !== null);
    total.push(known.length ? known.reduce((a, b) => a + b, 0) : null);
  }
  return { ...daemon, series: { ...daemon?.series, [spec.metric]: total } };
}

// How many values are known, the highest and the newest of them; null when none is.
function summary(points) {
  let known = 0,
    highest = null,
    newest = null;
  for (let i = 0; i < points.length; i += 1) {
    const value = points[i];
    if (value === null) continue;
    known += 1;
    newest = value;
    if (highest === null || value > highest) highest = value;
  }
  return { known, highest, newest };
}

// A panel's shapes and labels, whether peaks are cut, its highest and its newest value.
// range: [from, to] in seconds; slim: of a row of one line; marks: [{time, kind}]; room, letter: pixels
// of the axis and of a letter; layers: [{colour, points}] of a stack instead of the panel's own line.
export function drawing(spec, grid, daemon, options) {
  const settings = { mode: "rate", zone: "utc", whole: false, marks: [], ...options };
  const layers = settings.layers?.length ? settings.layers : null,
    prepared = prepare(spec, grid, layers ? stackSum(spec, daemon, layers) : daemon, settings);
  const known = summary(prepared.points);
  return {
    paths: shapes(prepared, settings.marks, layers),
    labels: labels(prepared, settings),
    cut: prepared.cut,
    top: prepared.top,
    ...known,
    usual: prepared.lines.usual.at(-1) ?? null,
  };
}

const pathMarkup = ([name, data]) => `<path class="${name}" d="${data}"/>`;
export const labelMarkup = ([name, x, y, text]) => `<text class="${name}" x="${x}" y="${y}">${text}</text>`;

// What a panel is made of, as markup: the same as the server's.
export const markup = ({ paths, labels: words }) =>
  `<svg class="area" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${paths.map(pathMarkup).join("")}</svg>` +
  `<svg class="labels" aria-hidden="true">${words.map(labelMarkup).join("")}</svg>`;
