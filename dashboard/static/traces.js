// Stored points to plotly's traces.
import { curves, prefix, torn, unit, values } from "./curves.js";
import { hue, specOf, specs, text, tint, topicColours, alsoColours } from "./spec.js";

// One array of times for all panels of an answer, in seconds: an axis of plain numbers is drawn
// in less time than one of dates.
function times(grid) {
  const count = Math.round((grid.end - grid.start) / grid.step);
  return grid.times ??= Array.from({ length: count }, (_, i) => grid.start + (i + 1) * grid.step);
}

const scatter = (name, x, y, spec, mode, line) => ({
  type: "scatter", mode: "lines", name: text(name), x, y, connectgaps: false, line: { width: 1.5, shape: "vh", ...line },
  hovertemplate: `%{y:${spec.format}} ${spec.format.endsWith("p") ? "" : unit(spec, mode)}<extra></extra>`,
});

const SHORT = { service_p50: "median", service_p95: "95 %", service_p99: "99 %", service_max: "longest" };

function topics(grid, row, view) {
  const spec = specs.get("topics");
  const sum = (points) => points.reduce((total, v) => total + (v ?? 0), 0);
  // What the daemon itself lumps together comes last, with what has no colour of its own here.
  const all = Object.entries(row?.topics ?? {}), named = all.filter(([name]) => name !== "other");
  const sorted = named.map(([name, points]) => [name, points, sum(points)]).sort((a, b) => b[2] - a[2]);
  const shown = sorted.slice(0, 7), same = prefix(sorted.map(([name]) => name));
  const rest = [...sorted.slice(7), ...all.filter(([name]) => name === "other")].map(([, points]) => points);
  if (rest.length) {
    shown.push([" ".repeat(same) + "all others", rest[0].map((_, i) => rest.every((p) => p[i] === null) ? null : rest.reduce((t, p) => t + (p[i] ?? 0), 0))]);
  }
  return shown.map(([name, points], i) => ({
    ...scatter(name.slice(same), times(grid), values(points, spec, view.mode, grid.step), spec, view.mode, { color: hue(i < sorted.length ? topicColours[i] : topicColours.at(-1)), width: 0.5 }),
    stackgroup: "all", hovertemplate: `${text(name.slice(same)).slice(0, 60)}: %{y:,.3~f}<extra></extra>`,
  }));
}

export function traces(panel, grid, row, view) {
  const spec = specOf(panel), x = times(grid), series = row?.series ?? {};
  if (spec.metric === "topics") return topics(grid, row, view);
  const raw = panel.dataset.tied ? row?.tied?.[spec.title] ?? [] : series[spec.metric] ?? [];
  const y = values(raw, spec, view.mode, grid.step);
  // Drawn last, above what goes with it, and named first.
  const line = { ...scatter(SHORT[spec.metric] ?? spec.title, x, y, spec, view.mode, { color: hue(spec.colour) }), legendrank: 1 };
  if (spec.metric === "processed" && view.mode === "total" && series.received) {
    const first = specs.get("received"), { arrived, ended } = curves(series, grid.step);
    return [scatter("Received", x, arrived, first, "total", { color: hue(first.colour), dash: "dot" }), { ...line, y: ended }];
  }
  const more = spec.also.filter((name) => series[name]?.some((v) => v !== null)).map((name, i) => ({
    ...scatter(SHORT[name] ?? name, x, series[name], spec, view.mode, { color: hue(alsoColours[i]), dash: ["solid", "dash", "dot"][i], width: 1 }),
    hovertemplate: `${SHORT[name] ?? name} %{y:${spec.format}} ${spec.unit}<extra></extra>`,
  }));
  // Where a shade is the usual range, nothing else is shaded, nor in the panel to compare it with.
  const shaded = view.mode === "rate" && row?.usual?.[spec.metric === "processed" ? "received" : spec.metric]?.length;
  // At the store's finest step there is no band: one trace instead of two.
  const least = series[`${spec.metric}_min`] ?? [];
  if (!spec.band || (least.length === y.length && y.every((v, i) => v === least[i]))) return [...more, more.length || torn(y) || shaded ? line : { ...line, fill: "tozeroy", fillcolor: tint(line.line.color) }];
  const low = { ...scatter("least", x, least, spec, view.mode, { color: hue(spec.colour), width: 0 }), hoverinfo: "skip", ...(torn(y) ? {} : { fill: "tozeroy", fillcolor: tint(line.line.color) }) };
  return [low, { ...line, fill: "tonexty", fillcolor: tint(line.line.color, "59") }];
}
