// The height of a panel's axis: the present and the usual range are readable, a lone peak is cut; pure.

// Room above the highest value that is drawn, and above what is drawn when peaks are cut.
const HEADROOM = 1.06,
  HEADROOM_CUT = 1.25;
// A peak this many times above what must be readable is cut.
const CUT_FACTOR = 3;
// The present is the last ninetieth of the span, three steps at least.
const PRESENT_SHARE = 90,
  MIN_PRESENT_STEPS = 3;
// The share of the steps that are never cut: fewer while the daemon is behind, so that its backlog is seen.
const ORDINARY = 0.9,
  ORDINARY_BEHIND = 2 / 3;
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
  const count = Math.max(MIN_PRESENT_STEPS, Math.ceil(points.length / PRESENT_SHARE));
  return Math.max(0, ...points.filter(isKnown).slice(-count));
}

// The axis' top for all points that share it. least: what must be readable in any case (the usual
// range, a floor); behind: whether a backlog stands now; whole: cut nothing.
export function scale(shared, { least = 0, behind = false, whole = false }) {
  const sorted = Float64Array.from(shared.flatMap((points) => points.filter(isKnown))).sort();
  const highest = sorted.length ? sorted[sorted.length - 1] : 0;
  const ordinary = sorted.length ? sorted[Math.floor((sorted.length - 1) * (behind ? ORDINARY_BEHIND : ORDINARY))] : 0;
  const needed = Math.max(least, ordinary, ...shared.map(present));
  if (whole || needed <= 0 || highest <= CUT_FACTOR * needed) {
    return { top: Math.max(highest, least) * HEADROOM || FLAT, cut: false };
  }
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
