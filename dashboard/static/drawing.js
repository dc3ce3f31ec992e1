// One panel as SVG: the same markup as draw/svg.py writes, from the same table and series; pure.
import { ticks } from "./axis.js";
import { columnsOf, MAX_COLUMNS, MAX_COLUMNS_SLIM, merge } from "./columns.js";
import { gaps } from "./curves.js";
import { short } from "./humanize.js";
import { linesOf, usualColumns } from "./lines.js";
import { areaPath, axes, gapPath, HEIGHT, linePath, MIN_EXCESS, MIN_MISSING, runs, WIDTH } from "./paths.js";
import { present, scale, valueTicks } from "./scale.js";

// Cut peaks with words in a panel, and how far apart (share of its width) words must be.
const MAX_CUTS = 3,
  MIN_APART = 0.2;
// A value this share outside the usual range is drawn thicker.
const TOLERANCE = 0.25;
// The backlog (messages) from which on a daemon is behind, for the scale.
const BEHIND = 10;
const ALSO = ["orange", "pink", "green"];
const MARKS = {
  note: "note",
  deploy: "note",
  version: "note",
  "alert-critical": "critical",
  "alert-warning": "warning",
  "alert-info": "info",
  "alert-over": "over",
};

// A shape: its class and its path data; a label: its class, place and text.
const path = (name, data) => [name, data];
const pathMarkup = ([name, data]) => `<path class="${name}" d="${data}"/>`;
const labelMarkup = ([name, x, y, text]) => `<text class="${name}" x="${x}" y="${y}">${text}</text>`;
const isPercent = (spec) => spec.format.endsWith("p");
export const worded = (value, spec) => (isPercent(spec) ? `${short(100 * value)} %` : short(value));

// A share of the width or height, in per cent with one digit.
function percent(share) {
  const permille = Math.floor(1000 * share + 0.5);
  return `${Math.floor(permille / 10)}.${permille % 10}%`;
}

// What a panel is drawn from: columns of values within the range, and its scale.
function prepare(spec, grid, daemon, { mode, range, whole, slim }) {
  const lines = linesOf(spec, grid, daemon, mode),
    columns = columnsOf(grid, range, slim ? MAX_COLUMNS_SLIM : MAX_COLUMNS);
  const first = columns.bounds[0],
    past = columns.bounds.at(-1),
    within = (points) => points.slice(first, past);
  const usual = usualColumns(lines.usual, columns.times);
  const least = Math.max(mode === "rate" ? spec.floor : 0, ...usual.high.map((value) => value ?? 0));
  const behind = present(within(daemon?.series?.backlog ?? [])) > BEHIND;
  const axisScale = scale(lines.shared.map(within), { least, behind, whole: whole || mode === "total" });
  const merged = merge(lines.line, columns),
    low = merge(lines.least, columns);
  return {
    ...axisScale,
    mode,
    lines,
    columns,
    usual,
    merged,
    range,
    // A gauge's line is the highest of each step, so that no spike is averaged away.
    value: spec.band ? merged.most : merged.mean,
    least: spec.band && lines.least.length ? low.least : merged.least,
    under: lines.under.length ? merge(lines.under, columns).mean : null,
    points: within(lines.line),
  };
}

// The lines and areas, from the ground up.
function shapes(spec, grid, made) {
  const {
    columns: { times, bounds },
    usual,
    value,
    least,
    under,
    lines,
    merged,
    points,
    range,
    top,
    mode,
  } = made;
  const axis = axes(range, top),
    colour = spec.colour,
    hasUsual = usual.high.some((high) => high !== null);
  const zero = value.map(() => 0),
    at = (index) => grid.start + (bounds[0] + index) * grid.step;
  const flat = least.every((low, i) => low === merged.most[i]);
  const outside = value.map((v, i) =>
    v !== null && usual.high[i] !== null && (v > usual.high[i] * (1 + TOLERANCE) || v < usual.low[i] * (1 - TOLERANCE))
      ? v
      : null,
  );
  return [
    path(
      "gap",
      gapPath(
        gaps(points).map(([a, b]) => [at(a), at(b)]),
        axis,
      ),
    ),
    path(
      "grid",
      valueTicks(top, isPercent(spec))
        .map(([share]) => `M0 ${Math.floor(HEIGHT * (1 - share) + 0.5)}H${WIDTH}`)
        .join(""),
    ),
    path("usual", areaPath(usual.high, usual.low, times, axis)),
    path(`fill ${colour}`, hasUsual || under ? "" : areaPath(value, zero, times, axis)),
    path(`spread ${colour}`, flat ? "" : areaPath(merged.most, least, times, axis)),
    path("missing", under ? areaPath(under, value, times, axis, mode === "total" ? null : MIN_MISSING) : ""),
    path(`excess ${colour}`, spec.under ? "" : areaPath(value, usual.high, times, axis, MIN_EXCESS)),
    path("under", under ? linePath(under, times, axis) : ""),
    path(`line ${colour}`, linePath(value, times, axis)),
    path(`out ${colour}`, linePath(outside, times, axis)),
    ...lines.also.map(([, more], i) => path(`also ${ALSO[i]}`, linePath(merge(more, made.columns).mean, times, axis))),
  ];
}

// Restarts, notes and alerts as upright lines: one path for each kind, for a daemon may restart a
// hundred times in a span.
function markLines(marks, range) {
  const { x } = axes(range, 1),
    places = new Map();
  for (const { time, kind } of marks) {
    if (time < range[0] || time > range[1]) continue;
    const name = MARKS[kind] ?? "restart";
    if (!places.has(name)) places.set(name, new Set());
    places.get(name).add(x(time));
  }
  return [...places].map(([name, xs]) => path(`mark ${name}`, [...xs].map((at) => `M${at} 0V${HEIGHT}`).join("")));
}

// Where a peak is cut: the highest first, and words only where they have room.
function cuts({ merged, columns: { times }, top, range, cut }, spec) {
  if (!cut) return [];
  const share = (i) => ((times[i] + times[i + 1]) / 2 - range[0]) / (range[1] - range[0]);
  const peaks = runs(merged.most.length, (i) => merged.most[i] !== null && merged.most[i] > top)
    .map(([first, past]) => {
      let best = first;
      for (let i = first; i < past; i += 1) if (merged.most[i] > merged.most[best]) best = i;
      return { at: share(best), value: merged.most[best] };
    })
    .sort((a, b) => b.value - a.value);
  const drawn = [];
  for (const peak of peaks) {
    if (drawn.length < MAX_CUTS && drawn.every(({ at }) => Math.abs(at - peak.at) >= MIN_APART)) drawn.push(peak);
  }
  return drawn.map(({ at, value }) => [`cut${at > 0.7 ? " left" : ""}`, percent(at), "0", `▲ ${worded(value, spec)}`]);
}

function times(range, room, letter, zone) {
  const { tickvals, ticktext } = ticks(range, room, letter, zone);
  return tickvals
    .map((time, i) => ["x", percent((time - range[0]) / (range[1] - range[0])), "100%", ticktext[i]])
    .filter(([, , , text]) => text);
}
export const timeLabels = (...given) =>
  times(...given)
    .map(labelMarkup)
    .join("");

function words(spec, made, { room, letter, zone }) {
  const values = valueTicks(made.top, isPercent(spec)).map(([share, text]) => ["y", "0", percent(1 - share), text]);
  const empty = made.points.every((value) => value === null) ? [["none", "50%", "50%", "no samples in this span"]] : [];
  return [...values, ...empty, ...cuts(made, spec), ...times(made.range, room, letter, zone)];
}

// Layers on top of each other, the first on the ground; unknown where all are.
function stacked(made, layers) {
  const { columns, range, top } = made,
    axis = axes(range, top);
  let below = null;
  return layers.map(({ colour, points }) => {
    const { mean } = merge(points, columns),
      ground = below ?? mean.map(() => 0);
    const above = mean.map((value, i) => (value === null ? ground[i] : ground[i] + value));
    below = above;
    return path(
      `layer ${colour}`,
      areaPath(
        above.map((value, i) => (mean[i] === null ? null : value)),
        ground,
        columns.times,
        axis,
      ),
    );
  });
}

// A panel's shapes and labels, whether peaks are cut, its highest and its newest value.
// range: [from, to] in seconds; slim: of a row of one line; marks: [{time, kind}]; room, letter: pixels of the axis and of a
// letter; layers: [{colour, points}] of a stack instead of the panel's own line.
export function drawing(spec, grid, daemon, options) {
  const settings = { mode: "rate", zone: "utc", whole: false, marks: [], ...options };
  const layers = settings.layers?.length ? settings.layers : null,
    made = prepare(spec, grid, layers ? stackSum(spec, daemon, layers) : daemon, settings);
  const inside = layers
    ? [...shapes(spec, grid, made).slice(0, 2), ...stacked(made, layers)]
    : shapes(spec, grid, made);
  const paths = [...inside, ...markLines(settings.marks, made.range)].filter(([, data]) => data),
    labels = words(spec, made, settings);
  const known = made.points.filter((value) => value !== null);
  return {
    paths,
    labels,
    cut: made.cut,
    top: made.top,
    known: known.length,
    highest: known.length ? known.reduce((a, b) => Math.max(a, b)) : null,
    newest: known.length ? known[known.length - 1] : null,
    usual: made.lines.usual.at(-1) ?? null,
  };
}

// What a panel is made of, as markup: the same as the server's.
export const markup = ({ paths, labels }) =>
  `<svg class="area" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">${paths.map(pathMarkup).join("")}</svg>` +
  `<svg class="labels" aria-hidden="true">${labels.map(labelMarkup).join("")}</svg>`;

// A stack's whole height as the panel's own series: its scale, its gaps, its values in words.
function stackSum(spec, daemon, layers) {
  const count = layers[0]?.points.length ?? 0,
    total = [];
  for (let i = 0; i < count; i += 1) {
    const known = layers.map(({ points }) => points[i]).filter((value) => value !== null);
    total.push(known.length ? known.reduce((a, b) => a + b, 0) : null);
  }
  return { ...daemon, series: { ...daemon?.series, [spec.metric]: total } };
}

// A panel in words: what it says to who cannot see it.
export function spoken(title, consumer, unit, spec, { highest, newest, usual }) {
  if (newest === null) return `${title} of ${consumer}: nothing known in this span`;
  const range = usual ? `, usual ${worded(usual[1], spec)} to ${worded(usual[2], spec)}` : "";
  return `${title} of ${consumer}, ${unit}: last ${worded(newest, spec)}, highest ${worded(highest, spec)}${range}`;
}
