// What one panel is drawn from: its series in columns, their scale, what is usual; pure. As draw/prepared.py.
import { columnsOf, MAX_COLUMNS, MAX_COLUMNS_SLIM, merge } from "./columns.js";
import { linesOf, usualColumns } from "./lines.js";
import { axes } from "./paths.js";
import { present, scale } from "./scale.js";

// The backlog (messages) from which on a daemon is behind, for the scale.
const BEHIND = 10;

// mode: "rate", "step" or "total"; range: [from, to] in seconds; whole: cut no peak; slim: of a row of one line.
export function prepare(spec, grid, daemon, { mode, range, whole, slim }) {
  const lines = linesOf(spec, grid, daemon, mode),
    columns = columnsOf(grid, range, slim ? MAX_COLUMNS_SLIM : MAX_COLUMNS);
  const first = columns.bounds[0],
    past = columns.bounds.at(-1),
    within = (points) => points.slice(first, past);
  const usual = usualColumns(lines.usual, columns.times),
    limit = daemon?.limits?.[spec.metric] ?? null;
  const least = Math.max(mode === "rate" ? spec.floor : 0, limit ?? 0, ...usual.high.map((value) => value ?? 0));
  const behind = present(within(daemon?.series?.backlog ?? [])) > BEHIND;
  const axisScale = scale(lines.shared.map(within), {
    least,
    behind,
    floor: spec.floor,
    whole: whole || mode === "total",
  });
  const merged = merge(lines.line, columns);
  return {
    ...axisScale,
    spec,
    mode,
    lines,
    columns,
    usual,
    limit,
    merged,
    range,
    axis: axes(range, axisScale.top, columns.times),
    begin: grid.start + first * grid.step,
    step: grid.step,
    // A gauge's line is the highest of each step, so that no spike is averaged away.
    value: spec.band ? merged.most : merged.mean,
    least: spec.band && lines.least.length ? merge(lines.least, columns).least : merged.least,
    under: lines.under.length ? merge(lines.under, columns).mean : null,
    points: within(lines.line),
  };
}
