// A panel's axes, marks, gaps and usual range, as plotly's layout.
import { ticks } from "./axis.js";
import { curves, gaps, rated, unit, values } from "./curves.js";
import { highestUsual, outline } from "./evidence.js";
import { big, css, specOf, text } from "./spec.js";

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
