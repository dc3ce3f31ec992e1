// The height of a panel's axis: the present and the usual range are readable, a lone peak is cut; pure.

// Room above the highest value that is drawn, and above what is drawn when peaks are cut.
const HEADROOM = 1.06,
  HEADROOM_CUT = 1.25;
// A peak this many times above what must be readable is cut.
const CUT_FACTOR = 3;
// The present is this part of the span, in steps; two steps at least.
const PRESENT_SHARE = 180,
  MIN_PRESENT_STEPS = 2;
// The share of the steps that are never cut: fewer while the daemon is behind, so that its flows of now are seen.
const ORDINARY = 0.9,
  ORDINARY_BEHIND = 0.5;
// A backlog drains while it is below this share of what it was a twelfth of the span ago, six steps at
// least: a steady drain that has come below a third of its peak has fallen more.
const STILL = 0.9,
  DRAIN_SHARE = 12,
  MIN_DRAIN_STEPS = 6;
// The axis of a panel in which nothing is above zero.
export const FLAT = 1;
const MAX_INTERVALS = 4,
  UNITS = [
    [1e9, 9, "G"],
    [1e6, 6, "M"],
    [1e4, 3, "k"],
    [0, 0, ""],
  ];

const isKnown = (value) => value !== null && value !== undefined;

// The highest value of the present: of the last steps that are known.
export function present(points) {
  let left = Math.max(MIN_PRESENT_STEPS, Math.ceil(points.length / PRESENT_SHARE)),
    highest = 0;
  for (let i = points.length - 1; i >= 0 && left > 0; i -= 1) {
    if (!isKnown(points[i])) continue;
    left -= 1;
    if (points[i] > highest) highest = points[i];
  }
  return highest;
}
const highestOf = (points) => {
  let highest = 0;
  for (let i = 0; i < points.length; i += 1) if (points[i] > highest) highest = points[i];
  return highest;
};

// The peak of the backlog that stands now; 0 when no more than the floor waits. It began where the
// backlog was last at the floor, or half as high as later. While a drain runs its peak counts; once
// it has ended above the floor, the level at which it did.
export function acting(points, floor) {
  const values = points.filter(isKnown);
  let peak = 0;
  for (let i = values.length - 1; i >= 0 && values[i] > Math.max(floor, peak / 2); i -= 1)
    peak = Math.max(peak, values[i]);
  const steps = Math.max(MIN_DRAIN_STEPS, Math.ceil(points.length / DRAIN_SHARE)),
    before = values.slice(-steps - MIN_PRESENT_STEPS, -steps);
  if (before.length && Math.max(...values.slice(-MIN_PRESENT_STEPS)) > STILL * Math.max(...before))
    return Math.min(peak, Math.max(...values.slice(-steps)));
  return peak;
}

// The axis' top for all points that share it. least: what must be readable in any case (the usual
// range, a floor); behind: whether a backlog stands now; floor: of a backlog, more than this waits or
// nothing that must be seen; whole: cut nothing.
export function scale(shared, { least = 0, behind = false, floor = 0, whole = false }) {
  const highest = Math.max(0, ...shared.map(highestOf)),
    uncut = { top: Math.max(highest, least) * HEADROOM || FLAT, cut: false };
  const now = floor ? acting(shared[0], floor) : 0,
    acts = now > least;
  let needed = acts ? now : Math.max(least, ...shared.map(present));
  // Most panels end here: what is below must sort every value.
  if (whole || highest <= CUT_FACTOR * needed) return uncut;
  if (acts) return { top: needed * HEADROOM_CUT, cut: true };
  const sorted = Float64Array.from(shared.flatMap((points) => points.filter(isKnown))).sort();
  const share = behind && !floor ? ORDINARY_BEHIND : ORDINARY,
    ordinary = sorted[Math.floor((sorted.length - 1) * share)];
  // A backlog that is gone is whole when it filled much of the span, else cut; never in its midst.
  if (floor && ordinary > CUT_FACTOR * needed) return uncut;
  needed = Math.max(needed, ordinary);
  if (needed <= 0 || highest <= CUT_FACTOR * needed) return uncut;
  const drawn = sorted.findLast((value) => value <= CUT_FACTOR * needed) ?? 0;
  return { top: Math.max(needed, drawn) * HEADROOM_CUT, cut: true };
}

// Round values up to the top, with their words: whole numbers of 1, 2 or 5 times a power of ten.
export function valueTicks(top, percent = false) {
  const height = percent ? top * 100 : top;
  const [, shift, unit] = UNITS.find(([size]) => height >= size);
  for (let exponent = -9; ; exponent += 1) {
    for (const digit of [1, 2, 5]) {
      const step = digit * Number(`1e${exponent}`);
      if (height > step * MAX_INTERVALS) continue;
      const ticks = [];
      for (let i = 0; i * step <= height; i += 1) {
        ticks.push([
          (i * step) / height,
          i === 0 ? "0" : `${shifted(i * digit, exponent - shift)}${percent ? "%" : unit}`,
        ]);
      }
      return ticks;
    }
  }
}

// A whole number times a power of ten, written without rounding.
function shifted(whole, exponent) {
  if (exponent >= 0) return `${whole}${"0".repeat(exponent)}`;
  const digits = String(whole).padStart(1 - exponent, "0");
  const text = `${digits.slice(0, exponent)}.${digits.slice(exponent)}`;
  return text.replace(/\.?0+$/, "");
}
