// Points to plotly's traces and layout; pure but for the colours, which the style sheet has.
import { ticks } from "./axis.js";
import { highestUsual, outline } from "./evidence.js";

let specs = new Map();
let onDark = {}, topicHues = [];
export function setPanels(told) {
  specs = new Map(told.panels.map((one) => [one.metric, one]));
  onDark = told.dark;
  topicHues = told.topics;
}
export const specOf = (panel) => specs.get(panel.dataset.metric)
  ?? { metric: panel.dataset.metric, title: panel.dataset.title, unit: panel.dataset.unit || "", colour: "#b8558f", format: ",.4~r", also: [] };

const dark = matchMedia("(prefers-color-scheme: dark)"), big = matchMedia("(min-width: 2200px)");
const tint = (colour, alpha = "1f") => `${colour}${alpha}`;
export const hue = (colour) => dark.matches ? onDark[colour] ?? colour : colour;
// Remembered: each reading makes the browser lay out again what plotly has just changed.
const colours = new Map();
dark.addEventListener("change", () => colours.clear());
export function css(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}

// One array of times for all panels of an answer, in seconds: an axis of plain numbers is drawn
// in less time than one of dates.
function times(grid) {
  const count = Math.round((grid.end - grid.start) / grid.step);
  return grid.times ??= Array.from({ length: count }, (_, i) => grid.start + (i + 1) * grid.step);
}

export function gaps(points) {
  const found = [];
  let first = -1;
  points.forEach((value, i) => {
    if (value === null && first < 0) first = i;
    if (value !== null && first >= 0) { found.push([first, i]); first = -1; }
  });
  if (first >= 0 && points.length - first > 2) found.push([first, points.length]);
  return found;
}

// A filled trace would be filled across its gaps too: unknown would look known.
const torn = (points) => {
  const first = points.findIndex((v) => v !== null), last = points.findLastIndex((v) => v !== null);
  return points.slice(Math.max(0, first), last).includes(null);
};

// Arrivals and departures: the vertical gap is the backlog, also at the start and after what is
// unknown, where nobody counted and the stored backlog says where arrivals stand.
export function curves(series, step) {
  const arrived = [], ended = [], { received = [], processed = [], backlog = [], backlog_min: least = backlog } = series;
  let a = 0, d = 0, gap = 0, anchored = false;
  received.forEach((r, i) => {
    const p = processed[i];
    if (r === null || p === null || p === undefined) { anchored = false; arrived.push(null); ended.push(null); return; }
    d += p * step;
    if (!anchored && backlog[i] !== null && backlog[i] !== undefined) gap = (backlog[i] + (least[i] ?? backlog[i])) / 2;
    a = anchored ? a + r * step : d + gap;
    anchored = true;
    arrived.push(a);
    ended.push(d);
  });
  return { arrived, ended };
}

const rated = (spec) => spec.unit === "messages/s";
export function values(points, spec, mode, step) {
  if (!rated(spec) || mode === "rate") return points;
  if (mode === "step") return points.map((v) => v === null ? null : v * step);
  let total = 0;
  return points.map((v) => v === null ? null : (total += v * step));
}
export function unit(spec, mode) {
  if (!rated(spec) || mode === "rate") return spec.unit;
  if (mode === "step") return "messages per step";
  return spec.metric === "processed" ? "messages; dotted: received" : "messages since the start";
}

// A topic's or a tied series' name is data: plotly would take < for a tag.
const text = (name) => String(name).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
const scatter = (name, x, y, spec, mode, line) => ({
  type: "scatter", mode: "lines", name: text(name), x, y, connectgaps: false, line: { width: 1.5, shape: "vh", ...line },
  hovertemplate: `%{y:${spec.format}} ${spec.format.endsWith("p") ? "" : unit(spec, mode)}<extra></extra>`,
});

// How much all topics begin with, up to a dot: org.fedoraproject.prod. says nothing here.
function prefix(names) {
  if (names.length < 2) return 0;
  let length = 0;
  while (length < names[0].length && names.every((name) => name[length] === names[0][length])) length += 1;
  return names[0].lastIndexOf(".", length - 1) + 1;
}
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
    ...scatter(name.slice(same), times(grid), values(points, spec, view.mode, grid.step), spec, view.mode, { color: hue(i < sorted.length ? topicHues[i] : topicHues.at(-1)), width: 0.5 }),
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
    ...scatter(SHORT[name] ?? name, x, series[name], spec, view.mode, { color: hue(["#d55e00", "#b8558f", "#008f68"][i]), dash: ["solid", "dash", "dot"][i], width: 1 }),
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

// The highest value drawn in a panel itself; null when nothing is known, or of a stack.
export function peak(panel, grid, row, view) {
  const spec = specOf(panel);
  if (spec.metric === "topics") return null;
  const drawn = panel.dataset.tied ? [row?.tied?.[spec.title]] : [spec.metric, ...spec.also].map((name) => row?.series?.[name]);
  let most = null;
  for (const raw of drawn) for (const v of values(raw ?? [], spec, view.mode, grid.step)) if (v !== null && (most === null || v > most)) most = v;
  return most;
}

// The height of a panel in which nothing is above zero: its axis has a zero and no more.
const FLAT = 1.001;
// Received and processed have one scale, so that the eye compares like with like.
export function highest(panel, grid, row, view) {
  const spec = specOf(panel), series = row?.series ?? {};
  if (spec.metric === "topics") return null;
  const names = ["received", "processed"].includes(spec.metric) ? ["received", "processed"] : [spec.metric, ...spec.also];
  let most = 0;
  const drawn = panel.dataset.tied ? [row?.tied?.[spec.title] ?? []] : names.map((name) => values(series[name] ?? [], spec, view.mode, grid.step));
  if (view.mode === "total" && names[1] === "processed") drawn.push(curves(series, grid.step).arrived);
  for (const points of drawn) for (const v of points) if (v > most) most = v;
  if (view.mode === "rate") for (const name of names) most = Math.max(most, highestUsual(row?.usual?.[name], grid.start));
  return most * 1.06 || FLAT;
}

function known(panel, row) {
  const spec = specOf(panel);
  if (panel.dataset.tied) return row?.tied?.[spec.title] ?? [];
  if (spec.metric !== "topics") return row?.series?.[spec.metric] ?? [];
  const all = Object.values(row?.topics ?? {});
  return (all[0] ?? []).map((_, i) => all.find((points) => points[i] !== null)?.[i] ?? null);
}

// Restarts dotted, notes solid, alerts dashed in their colour (their words are on their page); the words stand in a row's first panel only.
function marked(panel, row, view) {
  const lines = (row?.restarts ?? []).map((time) => ({ time, dash: "dot" }));
  for (const note of view.marks ?? []) {
    const id = panel.dataset.daemon;
    if (!note.daemon || id === note.daemon || id.startsWith(`${note.daemon}/`)) lines.push({ ...note, dash: note.kind.startsWith("alert") ? "dash" : "solid" });
  }
  const first = panel.dataset.metric === "received";
  const colour = (kind) => css({ "alert-critical": "--bad", "alert-warning": "--warn", "alert-info": "--soft", "alert-over": "--good" }[kind] ?? "--ink");
  return {
    lines: lines.map(({ time, dash, kind }) => ({ type: "line", xref: "x", yref: "paper", y0: 0, y1: 1, x0: time, x1: time, line: { color: colour(kind), width: kind?.startsWith("alert") ? 2 : 1, dash } })),
    words: lines.filter((one) => first && one.text && !one.kind.startsWith("alert")).map((one) => ({ x: one.time, y: 1, xref: "x", yref: "paper", yanchor: "top", xanchor: "left", showarrow: false, text: text(one.text).slice(0, 60), font: { size: 10, color: colour(one.kind) } })),
  };
}

// The usual range, hour by hour, when there is a baseline: behind what is drawn.
function usual(panel, row, view) {
  if (view.mode !== "rate" && rated(specOf(panel))) return [];
  const style = { layer: "below", line: { width: 0 }, fillcolor: css("--usual") }, band = row?.usual?.[panel.dataset.metric];
  return band?.length ? [{ type: "path", xref: "x", yref: "y", path: outline(band), ...style }] : [];
}

// The range of a panel's time axis and its ticks.
export function span(panel, grid, view) {
  const range = view.zoom ?? [grid.start, grid.end], { l, r } = margins(panel);
  return { range: [...range], ...ticks(range, panel.size[0] - l - r, big.matches ? 14 : 11, view.zone) };
}

// Above the plot is room for the whole legend, on a phone too: its names in columns as wide as the longest.
function margins(panel, names = 0) {
  const l = big.matches ? 58 : 42, r = 6, columns = Math.max(1, Math.floor((panel.size[0] - l - r) / (specOf(panel).metric === "topics" ? 195 : 80)));
  return { l, r, t: names ? 3 + (big.matches ? 26 : 20) * Math.ceil(names / columns) : 6, b: big.matches ? 30 : 22 };
}
// How many names a panel's legend has; 0: none.
function named(panel, spec, row) {
  if (spec.metric === "topics") return Math.min(8, Object.keys(row?.topics ?? {}).length);
  return spec.also.length && panel.closest(".one") ? spec.also.length + 1 : 0;
}

export function layout(panel, grid, row, view) {
  const points = known(panel, row), most = highest(panel, grid, row, view), marks = marked(panel, row, view), flat = most === FLAT;
  const spec = specOf(panel), [width, height] = panel.size, names = named(panel, spec, row);
  // Labels that lie flat and need not be measured, twice each: a fifth of the time to draw.
  const flatly = { tickangle: 0, ticklabeloverflow: "allow" };
  return {
    width, height, margin: margins(panel, names),
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: names > 0,
    legend: { orientation: "h", x: 0, y: 1, yanchor: "bottom", maxheight: 1, traceorder: "normal", bgcolor: "rgba(0,0,0,0)", font: { size: 10 }, itemclick: false, itemdoubleclick: false },
    font: { color: css("--soft"), size: big.matches ? 14 : 11, family: css("--font") },
    hovermode: spec.metric === "topics" ? "x unified" : "x", hoverdistance: 40, hoverlabel: { font: { family: css("--font"), size: big.matches ? 15 : 12 } }, dragmode: "zoom",
    xaxis: { type: "linear", ...span(panel, grid, view), ...flatly, showgrid: false, zeroline: false, unifiedhovertitle: { text: unit(spec, view.mode) }, linecolor: css("--line"), ticks: "outside", ticklen: 3, tickcolor: css("--line"),
      showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "solid", spikecolor: css("--soft") },
    yaxis: { type: "linear", ...(most === null ? { rangemode: "tozero" } : { range: [0, most] }), ...flatly, fixedrange: true, gridcolor: css("--grid"), zeroline: false, nticks: 4, ...(flat ? { tickvals: [0] } : {}), tickformat: spec.format.endsWith("p") ? ".2~p" : "" },
    shapes: [...usual(panel, row, view), ...gaps(points).map(([a, b]) => ({ type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below", line: { width: 0 },
      x0: grid.start + a * grid.step, x1: grid.start + b * grid.step, fillcolor: css("--gap") })), ...marks.lines],
    annotations: points.every((v) => v === null) ? [{ text: "no samples in this span", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }] : marks.words,
  };
}
