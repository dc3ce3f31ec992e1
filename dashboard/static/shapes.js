// The lines and areas of one panel: a class and path data each; pure. As draw/shapes.py.
import { merge } from "./columns.js";
import { gaps } from "./curves.js";
import { areaPath, axes, gapPath, HEIGHT, linePath, MIN_EXCESS, MIN_MISSING, WIDTH } from "./paths.js";
import { valueTicks } from "./scale.js";

// A value this share outside the usual range is drawn thicker.
const TOLERANCE = 0.25;
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

export const isPercent = (spec) => spec.format.endsWith("p");
// A line over the whole width, at a share of the height.
const across = (share) => `M0 ${Math.floor(HEIGHT * (1 - share) + 0.5)}H${WIDTH}`;

// What every panel has behind its lines: time without samples, the values' lines, the alert's limit.
function ground({ spec, points, begin, step, axis, top, limit }) {
  const empty = gaps(points).map(([first, past]) => [begin + first * step, begin + past * step]);
  const ticks = valueTicks(top, isPercent(spec));
  return [
    ["gap", gapPath(empty, axis)],
    ["grid", ticks.map(([share]) => across(share)).join("")],
    ["limit", limit ? across(limit / top) : ""],
  ];
}

function areas({ spec, mode, usual, value, least, under, merged, axis }) {
  const { colour } = spec,
    hasUsual = usual.high.some((high) => high !== null),
    flat = least.every((low, i) => low === merged.most[i]),
    zero = hasUsual || under ? [] : new Array(value.length).fill(0);
  return [
    ["usual", areaPath(usual.high, usual.low, axis)],
    [`fill ${colour}`, hasUsual || under ? "" : areaPath(value, zero, axis)],
    [`spread ${colour}`, flat ? "" : areaPath(merged.most, least, axis)],
    ["missing", under ? areaPath(under, value, axis, mode === "total" ? null : MIN_MISSING) : ""],
    [`excess ${colour}`, spec.under ? "" : areaPath(value, usual.high, axis, MIN_EXCESS)],
  ];
}

// The values well outside the usual range, null elsewhere; null when all are within.
function outsideOf(value, { low, high }) {
  let made = null;
  for (let i = 0; i < value.length; i += 1) {
    const v = value[i];
    if (v === null || high[i] === null) continue;
    if (v <= high[i] * (1 + TOLERANCE) && v >= low[i] * (1 - TOLERANCE)) continue;
    made ??= new Array(value.length).fill(null);
    made[i] = v;
  }
  return made;
}

function lines({ spec, usual, value, under, lines: { also }, columns, axis }) {
  const { colour } = spec,
    outside = outsideOf(value, usual);
  return [
    ["under", under ? linePath(under, axis) : ""],
    [`line ${colour}`, linePath(value, axis)],
    [`out ${colour}`, outside ? linePath(outside, axis) : ""],
    ...also.map(([, more], i) => [`also ${ALSO[i]}`, linePath(merge(more, columns).mean, axis)]),
  ];
}

// Layers on top of each other, the first on the ground; unknown where all are.
function stacked({ columns, axis }, layers) {
  let below = null;
  return layers.map(({ colour, points }) => {
    const { mean } = merge(points, columns),
      level = below ?? mean.map(() => 0);
    const above = mean.map((value, i) => (value === null ? level[i] : level[i] + value));
    below = above;
    return [
      `layer ${colour}`,
      areaPath(
        above.map((value, i) => (mean[i] === null ? null : value)),
        level,
        axis,
      ),
    ];
  });
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
  return [...places].map(([name, xs]) => [`mark ${name}`, [...xs].map((at) => `M${at} 0V${HEIGHT}`).join("")]);
}

// From the ground up; layers: of a stack, instead of the panel's own line.
export function shapes(prepared, marks, layers) {
  const inside = layers ? stacked(prepared, layers) : [...areas(prepared), ...lines(prepared)];
  return [...ground(prepared), ...inside, ...markLines(marks, prepared.range)].filter(([, data]) => data);
}
