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

// Pixel functions of an axis: seconds to x, values to y; the columns' bounds and each line's heights
// are computed once.
export function axes([from, to], top, times = []) {
  const x = (time) => Math.min(WIDTH, Math.max(0, Math.floor((WIDTH * (time - from)) / (to - from) + 0.5)));
  const kept = new Map();
  function heights(values) {
    let made = kept.get(values);
    if (made) return made;
    made = new Array(values.length);
    for (let i = 0; i < values.length; i += 1) {
      const height = values[i] === null ? 0 : Math.floor(HEIGHT * (1 - values[i] / top) + 0.5);
      made[i] = height < OUTSIDE ? OUTSIDE : height;
    }
    kept.set(values, made);
    return made;
  }
  return { x, times, xs: times.map(x), heights };
}

// Runs of columns for which a test holds: [first, past].
export function runs(count, holds) {
  const stretches = [];
  let first = -1;
  for (let i = 0; i <= count; i += 1) {
    const inside = i < count && holds(i);
    if (inside && first < 0) first = i;
    if (!inside && first >= 0) {
      stretches.push([first, i]);
      first = -1;
    }
  }
  return stretches;
}

// One edge of a run: each column's height from its begin to its end, or back. Relative to where the
// pen is: fewer digits; columns of one height are one stretch.
function edge(heights, [first, past], xs, back = false) {
  const count = past - first;
  let begin = xs[back ? past : first],
    last = heights[back ? past - 1 : first],
    path = `${begin} ${last}`;
  for (let k = 1; k < count; k += 1) {
    const at = xs[back ? past - k : first + k],
      height = heights[back ? past - 1 - k : first + k];
    if (height === last) continue;
    path += `h${at - begin}v${height - last}`;
    begin = at;
    last = height;
  }
  return `${path}h${xs[back ? first : past] - begin}`;
}

export function linePath(values, axis) {
  const heights = axis.heights(values);
  let path = "",
    first = -1;
  for (let i = 0; i <= values.length; i += 1) {
    const inside = i < values.length && values[i] !== null;
    if (inside && first < 0) first = i;
    if (!inside && first >= 0) {
      path += `M${edge(heights, [first, i], axis.xs)}`;
      first = -1;
    }
  }
  return path;
}

// The area between two lines, where both are known; share: only where the higher one stands out by it.
export function areaPath(high, low, axis, share = null) {
  const holds = (i) => high[i] !== null && low[i] !== null && (share === null || high[i] > low[i]);
  const stretches = runs(high.length, holds).filter(
    (run) => share === null || standsOut(high, low, run, axis.times, share),
  );
  if (!stretches.length) return "";
  const tops = axis.heights(high),
    bottoms = axis.heights(low);
  return stretches.map((run) => `M${edge(tops, run, axis.xs)}L${edge(bottoms, run, axis.xs, true)}Z`).join("");
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
