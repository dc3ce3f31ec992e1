// Where the time axis begins while the span is not yet full; pure.

// A span is shown whole when at most this share of it is without samples at its begin.
const MAX_EMPTY = 0.1;
// Steps that are shown at least: the first, and the one on its way.
const MIN_STEPS = 3;

// The first known step of a daemon's rates, where none is known, of any series: a rate is known one
// step later than a gauge, and all panels begin where all have values.
function firstKnown({ series }) {
  const rates = series.received?.some((value) => value !== null) ? [series.received] : Object.values(series);
  let first = Infinity;
  for (const points of rates) {
    const index = points.findIndex((value) => value !== null);
    if (index >= 0 && index < first) first = index;
  }
  return first;
}

// The first sample of an answer, or the one of earlier answers when that is older; and the time
// at which the axis begins, undefined when the span is shown whole. Seconds.
export function beginOf({ start, end, step, daemons }, earlier = Infinity) {
  const index = Math.min(...daemons.map(firstKnown), Infinity);
  const firstSample = Math.min(start + index * step, earlier);
  const whole = !Number.isFinite(firstSample) || firstSample - start <= MAX_EMPTY * (end - start);
  const time = whole ? undefined : Math.max(start, Math.min(firstSample, end - MIN_STEPS * step));
  return { firstSample: Number.isFinite(firstSample) ? firstSample : undefined, time };
}
