// The panels of the page: drawn, zoomed together, hovered together.
import { highest, hue, layout, peak, range, specOf, traces, unit, unshift } from "./traces.js";
import { number } from "./words.js";
import { spark } from "./spark.js";

let leading = false;
const moment = (value) => typeof value === "number" ? value : Date.parse(`${String(value).replace(" ", "T")}Z`);
// plotly's moments are UTC, shifted to the zone that is shown.
const HOVERED = { timeZone: "UTC", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const OPTIONS = { displayModeBar: false, responsive: true, doubleClick: false };

export function draw(panel, grid, row, view, zoomed) {
  const spec = specOf(panel), plotted = panel.classList.contains("js-plotly-plot");
  Object.assign(panel, { grid, view });
  if (view.compact) {
    if (plotted) forget(panel);
    const points = row?.series?.[spec.metric] ?? [];
    spark(panel, points, highest(panel, grid, row, { ...view, mode: "rate" }), hue(spec.colour));
    return;
  }
  if (!plotted) panel.replaceChildren();
  window.Plotly.react(panel, traces(panel, grid, row, view), layout(panel, grid, row, view), OPTIONS);
  panel.dataset.points = String(panel.data.at(-1)?.y.filter((v) => v !== null).length ?? 0);
  if (plotted) return;
  panel.on("plotly_relayout", (change) => {
    if (leading || change["xaxis.range[0]"] === undefined) return;
    zoomed([change["xaxis.range[0]"], change["xaxis.range[1]"]].map((v) => unshift(moment(v), panel.view.zone)));
  });
  panel.on("plotly_doubleclick", () => zoomed(null));
  panel.on("plotly_hover", (event) => share(panel, event.points[0]?.x));
  panel.on("plotly_unhover", () => share(panel, undefined));
  if (panel.wired) return;
  panel.wired = true;
  panel.addEventListener("keydown", (event) => keyed(event, panel, zoomed));
}

function forget(panel) {
  window.Plotly.purge(panel);
  panel.classList.remove("js-plotly-plot");
}
export const discard = (row) => row.querySelectorAll(".js-plotly-plot").forEach(forget);

const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };

// What a panel shows, in which colour and unit, and the highest value in it.
export function caption(panel, row, view) {
  const spec = specOf(panel), head = panel.parentElement.querySelector("figcaption"), words = unit(spec, view.mode), most = peak(panel, panel.grid, row, view);
  write(head.querySelector("small"), words);
  head.querySelector(".key").style.background = spec.metric === "topics" ? "none" : hue(spec.colour);
  panel.most = most === null ? "" : `max ${d3like(most, spec)}`;
  if (!panel.hovered) write(head.querySelector(".at"), panel.most);
}
const percent = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });
const d3like = (value, spec) => spec.format.endsWith("p") ? percent.format(value) : number(value);

// Arrows pan, + and - zoom, Escape shows the whole span: what the mouse can, the keys can.
function keyed(event, panel, zoomed) {
  if (event.ctrlKey || event.metaKey || event.altKey || !panel.grid) return;
  const [from, to] = panel.view.zoom ?? [panel.grid.start, panel.grid.end], width = to - from;
  const moves = { ArrowLeft: [-0.2, -0.2], ArrowRight: [0.2, 0.2], "+": [0.2, -0.2], "-": [-0.3, 0.3] };
  if (event.key === "Escape") zoomed(null);
  else if (event.key in moves) zoomed([from + moves[event.key][0] * width, to + moves[event.key][1] * width]);
  else return;
  event.preventDefault();
}

// Only the same daemon's panels: hover labels on a page of 39 panels would be noise.
function share(panel, x) {
  if (leading) return;
  leading = true;
  const time = x === undefined ? "" : new Date(moment(x)).toLocaleString("en-GB", HOVERED);
  for (const other of panel.closest(".row").querySelectorAll(".js-plotly-plot")) {
    other.hovered = Boolean(time);
    other.parentElement.querySelector(".at").textContent = time || other.most;
    if (other === panel) continue;
    if (x === undefined) { window.Plotly.Fx.unhover(other); continue; }
    const at = moment(x), last = other.data.length - 1;
    const index = other.data[last]?.x.findIndex((v) => v >= at) ?? -1;
    if (index >= 0) window.Plotly.Fx.hover(other, [{ curveNumber: last, pointNumber: index }]);
  }
  leading = false;
}

export async function relayout(main, view) {
  leading = true;
  await Promise.all([...main.querySelectorAll(".js-plotly-plot")].map((panel) =>
    window.Plotly.relayout(panel, { "xaxis.range": range(view, panel.grid) })));
  leading = false;
}
