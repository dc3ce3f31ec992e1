// Columns of values to SVG path data in a box of WIDTH × HEIGHT units; pure.
export const WIDTH = 2000,
  HEIGHT = 1000;
// Cut values leave the box by this much, so that their stroke does not lie on its edge.
const OUTSIDE = -40;
// An area between two lines is drawn where it stands for this many messages, and for this share of
// the higher line: what is missing of the arrivals, and what is above the usual range.
const MIN_MESSAGES = 5;
export const MIN_MISSING = 0.1,
  MIN_EXCESS = 0.25;

const rounded = (value) => Math.floor(value + 0.5);

// Pixel functions of an axis: seconds to x, values to y.
export function axes([from, to], top) {
  return {
    x: (time) => Math.min(WIDTH, Math.max(0, rounded((WIDTH * (time - from)) / (to - from)))),
    y: (value) => Math.max(OUTSIDE, rounded(HEIGHT * (1 - value / top))),
  };
}

// Runs of columns for which a test holds: [first, past].
export function runs(count, holds) {
  const found = [];
  let first = -1;
  for (let i = 0; i <= count; i += 1) {
    const inside = i < count && holds(i);
    if (inside && first < 0) first = i;
    if (!inside && first >= 0) {
      found.push([first, i]);
      first = -1;
    }
  }
  return found;
}

// One edge of a run: the value of each column from its begin to its end, or back.
function edge(values, [first, past], times, { x, y }, back = false) {
  let path = "",
    last = null;
  for (let k = 0; k < past - first; k += 1) {
    const i = back ? past - 1 - k : first + k,
      height = y(values[i]);
    if (last === null) path += `${x(times[back ? i + 1 : i])} ${height}`;
    else if (height !== last) path += `V${height}`;
    // Columns of one height are one stretch.
    const next = back ? i - 1 : i + 1;
    if (k + 1 === past - first || y(values[next]) !== height) path += `H${x(times[back ? i : i + 1])}`;
    last = height;
  }
  return path;
}

export function linePath(values, times, axis) {
  return runs(values.length, (i) => values[i] !== null)
    .map((run) => `M${edge(values, run, times, axis)}`)
    .join("");
}

// The area between two lines, where both are known; share: only where the higher one stands out by it.
export function areaPath(high, low, times, axis, share = null) {
  const holds = (i) => high[i] !== null && low[i] !== null && (share === null || high[i] > low[i]);
  return runs(high.length, holds)
    .filter((run) => share === null || standsOut(high, low, run, times, share))
    .map((run) => `M${edge(high, run, times, axis)}L${edge(low, run, times, axis, true)}Z`)
    .join("");
}

function standsOut(high, low, [first, past], times, share) {
  let above = 0,
    whole = 0;
  for (let i = first; i < past; i += 1) {
    above += (high[i] - low[i]) * (times[i + 1] - times[i]);
    whole += high[i] * (times[i + 1] - times[i]);
  }
  return above >= MIN_MESSAGES && above >= share * whole;
}

// Rectangles over the whole height, of time without samples.
export const gapPath = (spans, { x }) =>
  spans.map(([from, to]) => `M${x(from)} 0H${x(to)}V${HEIGHT}H${x(from)}Z`).join("");
