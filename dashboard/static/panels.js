// One panel: points to plotly, and the zoom and hover that all panels share.
let specs = new Map();
export function setPanels(list) { specs = new Map(list.map((one) => [one.metric, one])); }

const all = new Set();
let leading = false;
// The same hues on a dark ground, 4.5:1 or better there.
const DARK = { "#0072b2": "#56b4e9", "#d55e00": "#f28e3c", "#b8558f": "#e08bbd", "#008f68": "#2fc79a" };
const colour = (spec) => matchMedia("(prefers-color-scheme: dark)").matches ? DARK[spec.colour] ?? spec.colour : spec.colour;
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// plotly draws dates as UTC; local time is shown by shifting each moment by its own offset.
const shift = (seconds, zone) => zone === "utc" ? seconds * 1000 : seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60000;
function unshift(ms, zone) {
  if (zone === "utc") return ms / 1000;
  const guess = ms + new Date(ms).getTimezoneOffset() * 60000;
  return (ms + new Date(guess).getTimezoneOffset() * 60000) / 1000;
}
const moment = (value) => typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`);

function gaps(points) {
  const found = [];
  let first = -1;
  points.forEach((value, i) => {
    if (value === null && first < 0) first = i;
    if (value !== null && first >= 0) { found.push([first, i]); first = -1; }
  });
  if (first >= 0 && points.length - first > 2) found.push([first, points.length]);
  return found;
}

function values(points, spec, mode, step) {
  if (spec.unit !== "messages/s" || mode === "rate") return points;
  if (mode === "step") return points.map((v) => v === null ? null : v * step);
  let total = 0;
  return points.map((v) => v === null ? null : (total += v * step));
}

function unit(spec, mode) {
  if (spec.unit !== "messages/s" || mode === "rate") return spec.unit;
  return mode === "step" ? "messages per step" : "messages since the start";
}

function traces(panel, grid, series, view) {
  const spec = specs.get(panel.dataset.metric);
  const raw = series?.[spec.metric] ?? [];
  const factor = spec.metric === "busy" ? 1e-6 : 1;
  const x = raw.map((_, i) => shift(grid.start + (i + 1) * grid.step, view.zone));
  const y = values(factor === 1 ? raw : raw.map((v) => v === null ? null : v * factor), spec, view.mode, grid.step);
  const line = {
    type: "scatter", mode: "lines", name: spec.title, x, y, connectgaps: false,
    line: { color: colour(spec), width: 1.5, shape: "vh" },
    hovertemplate: `%{y:.6~g} ${unit(spec, view.mode)}<extra></extra>`,
  };
  if (spec.metric === "processed" && view.mode === "total" && series.received) {
    return [{ ...line, name: "Received", y: values(series.received, specs.get("received"), "total", grid.step),
      line: { ...line.line, color: colour(specs.get("received")), dash: "dot" } }, line];
  }
  if (!spec.band) return [line];
  const low = { type: "scatter", mode: "lines", name: "least", x, y: series?.[`${spec.metric}_min`] ?? [],
    connectgaps: false, hoverinfo: "skip", line: { color: colour(spec), width: 0, shape: "vh" } };
  return [low, { ...line, fill: "tonexty" }];
}

function range(view, grid) {
  const [from, to] = view.zoom ?? [grid.start, grid.end];
  return [shift(from, view.zone), shift(to, view.zone)];
}

// One line each: plotly's own second line, the date, would be cut off.
const TICKS = [
  { dtickrange: [null, 59999], value: "%H:%M:%S" }, { dtickrange: [60000, 86399999], value: "%H:%M" },
  { dtickrange: [86400000, "M1"], value: "%b %e" }, { dtickrange: ["M1", null], value: "%b %Y" },
];

// Received and processed have one scale, so that the eye compares like with like.
function highest(metric, grid, series, view) {
  const pair = ["received", "processed"].includes(metric) ? ["received", "processed"] : [metric];
  let most = 0;
  for (const name of pair) {
    for (const v of values(series?.[name] ?? [], specs.get(name), view.mode, grid.step)) if (v > most) most = v;
  }
  return (metric === "busy" ? most * 1e-6 : most) * 1.06 || 1;
}

function layout(panel, grid, series, view) {
  const points = series?.[panel.dataset.metric] ?? [];
  const small = view.compact;
  return {
    margin: small ? { l: 2, r: 2, t: 2, b: 2 } : { l: 44, r: 6, t: 4, b: 22 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", showlegend: false,
    font: { color: css("--soft"), size: 11, family: "system-ui, sans-serif" },
    hovermode: "x", hoverdistance: -1, dragmode: "zoom", uirevision: view.span,
    xaxis: { type: "date", range: range(view, grid), gridcolor: css("--grid"), linecolor: css("--line"), visible: !small, tickformatstops: TICKS,
      showspikes: true, spikemode: "across", spikethickness: 1, spikedash: "solid", spikecolor: css("--soft") },
    yaxis: { range: [0, highest(panel.dataset.metric, grid, series, view)], fixedrange: true, gridcolor: css("--grid"), zeroline: false, nticks: 4, visible: !small },
    shapes: gaps(points).map(([a, b]) => ({ type: "rect", xref: "x", yref: "paper", y0: 0, y1: 1, layer: "below", line: { width: 0 },
      x0: shift(grid.start + a * grid.step, view.zone), x1: shift(grid.start + b * grid.step, view.zone), fillcolor: css("--gap") })),
    annotations: points.every((v) => v === null) ? [{ text: "no samples in this span", showarrow: false, xref: "paper", yref: "paper", x: 0.5, y: 0.5 }] : [],
  };
}

export function draw(panel, grid, series, view, zoomed) {
  panel.grid = grid;
  panel.view = view;
  const fresh = !panel.classList.contains("js-plotly-plot");
  if (fresh) panel.replaceChildren();
  panel.parentElement.querySelector("figcaption small").textContent = unit(specs.get(panel.dataset.metric), view.mode);
  window.Plotly.react(panel, traces(panel, grid, series, view), layout(panel, grid, series, view), { displayModeBar: false, responsive: true, doubleClick: false });
  panel.dataset.points = String(panel.data.at(-1).y.filter((v) => v !== null).length);
  if (!fresh) return;
  all.add(panel);
  panel.on("plotly_relayout", (change) => {
    if (leading || change["xaxis.range[0]"] === undefined) return;
    zoomed([change["xaxis.range[0]"], change["xaxis.range[1]"]].map((v) => unshift(moment(v), panel.view.zone)));
  });
  panel.on("plotly_doubleclick", () => zoomed(null));
  panel.on("plotly_hover", (event) => share(panel, event.points[0]?.x));
  panel.on("plotly_unhover", () => share(panel, undefined));
}

// Only the same daemon's panels: hover labels on a page of 39 panels would be noise.
function share(panel, x) {
  if (leading) return;
  leading = true;
  for (const other of panel.closest(".row").querySelectorAll(".js-plotly-plot")) {
    if (other === panel) continue;
    if (x === undefined) { window.Plotly.Fx.unhover(other); continue; }
    const at = moment(x);
    const index = other.data.at(-1).x.findIndex((v) => v >= at);
    if (index >= 0) window.Plotly.Fx.hover(other, [{ curveNumber: other.data.length - 1, pointNumber: index }]);
  }
  leading = false;
}

export async function relayout(main, view) {
  leading = true;
  await Promise.all([...main.querySelectorAll(".js-plotly-plot")].map((panel) =>
    window.Plotly.relayout(panel, { "xaxis.range": range(view, panel.grid) })));
  leading = false;
}

export function restyleAll(main) {
  for (const panel of main.querySelectorAll(".js-plotly-plot")) window.Plotly.Plots.resize(panel);
}
