// Which series a panel shows, by the table of panels; pure.
import { curves, rated, values } from "./curves.js";

const NONE = [];
const seriesOf = (daemon, name) => daemon?.series?.[name] ?? NONE;

export function pointsOf(spec, daemon) {
  return spec.tied ? (daemon?.tied?.[spec.title] ?? NONE) : seriesOf(daemon, spec.metric);
}

// The panel's own line, the thin line under it, further lines, the least of each step, the series
// that share its scale and its usual range ([hour, low, high]); rates, per step or cumulative.
export function linesOf(spec, grid, daemon, mode = "rate") {
  const drawn = (name) => values(seriesOf(daemon, name), spec, mode, grid.step);
  if (mode === "total" && spec.under && rated(spec)) {
    const { arrived, ended } = curves(daemon?.series ?? {}, grid.step);
    return { line: ended, under: arrived, also: [], least: NONE, shared: [arrived, ended], usual: NONE };
  }
  const line = values(pointsOf(spec, daemon), spec, mode, grid.step);
  const also = spec.also
    .map((name) => [name, seriesOf(daemon, name)])
    .filter(([, points]) => points.some((value) => value !== null));
  const inRates = mode === "rate" || !rated(spec);
  return {
    line,
    also,
    under: spec.under && mode !== "total" ? drawn(spec.under) : NONE,
    least: spec.band ? seriesOf(daemon, `${spec.metric}_min`) : NONE,
    shared: spec.shares.length ? spec.shares.map(drawn) : [line, ...also.map(([, points]) => points)],
    usual: inRates ? (daemon?.usual?.[spec.usual] ?? NONE) : NONE,
  };
}

// The lower and the upper bound of what is usual in each column; null where nothing is known to be.
export function usualColumns(usual, times) {
  const low = [],
    high = [];
  let k = 0;
  for (let i = 0; i + 1 < times.length; i += 1) {
    const middle = (times[i] + times[i + 1]) / 2;
    while (k + 1 < usual.length && usual[k + 1][0] <= middle) k += 1;
    const hour = usual[k],
      inside = hour && hour[0] <= middle && middle < hour[0] + 3600;
    low.push(inside ? hour[1] : null);
    high.push(inside ? hour[2] : null);
  }
  return { low, high };
}
