// The panels of the page: drawn, zoomed together, hovered together.
import { unit } from "./curves.js";
import { highest, layout, peak, span } from "./layout.js";
import { hue, specOf } from "./spec.js";
import { traces } from "./traces.js";
import { digits, number } from "./words.js";
import { spark } from "./spark.js";

// The library comes after the page's own scripts, so that what these ask for need not wait for it.
const library = document.getElementById("plotly");
export const ready = new Promise((done, fail) => {
  if (window.Plotly) done();
  library.addEventListener("load", done);
  library.addEventListener("error", () => fail(new Error("the library that draws was not loaded")));
});
ready.catch(() => {});

let leading = false;
const HOVERED = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
const OPTIONS = { displayModeBar: false, doubleClick: false };

// Sizes are asked for before anything is drawn, and plotly, which asks at each drawing, is told
// what was found: each question between drawings would have the page laid out.
const SIZES = ["clientWidth", "clientHeight"].map((name) => [name, Object.getOwnPropertyDescriptor(Element.prototype, name).get]);
export function measure(panel) {
  const size = SIZES.map(([, ask]) => ask.call(panel)), changed = String(size) !== String(panel.size);
  if (!size[0]) return false;
  if (!panel.size) SIZES.forEach(([name], i) => Object.defineProperty(panel, name, { get: () => panel.size[i] }));
  panel.size = size;
  return changed;
}
// Drawn outside the page and then put back: plotly asks for the place of what it draws in.
function begin(panel, drawn) {
  const figure = panel.parentElement, focused = document.activeElement === panel;
  panel.remove();
  window.Plotly.newPlot(panel, ...drawn, OPTIONS);
  figure.append(panel);
  if (focused) panel.focus({ preventScroll: true });
}
function fit(panel) {
  if (!measure(panel) || !panel.classList.contains("js-plotly-plot")) return;
  window.Plotly.relayout(panel, { width: panel.size[0], height: panel.size[1], ...moved(panel, panel.view) });
}
const resized = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));
// Paper is narrower, and does not wait for the observer.
for (const [event, paper] of [["beforeprint", true], ["afterprint", false]]) {
  addEventListener(event, () => {
    document.body.classList.toggle("paper", paper);
    document.querySelectorAll(".js-plotly-plot").forEach(fit);
  });
}
const moved = (panel, view) => Object.fromEntries(Object.entries(span(panel, panel.grid, view)).map(([name, value]) => [`xaxis.${name}`, value]));

export function draw(panel, grid, row, view, zoomed) {
  const spec = specOf(panel), plotted = panel.classList.contains("js-plotly-plot");
  Object.assign(panel, { grid, view });
  if (view.compact || panel.closest(".row").dataset.size === "slim") {
    if (plotted) forget(panel);
    const points = row?.series?.[spec.metric] ?? [];
    spark(panel, points, highest(panel, grid, row, { ...view, mode: "rate" }), hue(spec.colour));
    return;
  }
  if (!plotted) panel.replaceChildren();
  const drawn = [traces(panel, grid, row, view), layout(panel, grid, row, view)];
  // Nearly all of it is new: what react() does to find that out takes time.
  if (plotted) { [panel.data, panel.layout] = drawn; window.Plotly.redraw(panel); }
  else begin(panel, drawn);
  panel.dataset.points = String(panel.data.at(-1)?.y.filter((v) => v !== null).length ?? 0);
  if (plotted) return;
  panel.on("plotly_relayout", (change) => {
    if (leading || change["xaxis.range[0]"] === undefined) return;
    zoomed([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
  });
  panel.on("plotly_doubleclick", () => zoomed(null));
  panel.on("plotly_hover", (event) => share(panel, event.points[0]?.x));
  panel.on("plotly_unhover", () => share(panel, undefined));
  if (panel.wired) return;
  panel.wired = true;
  resized.observe(panel);
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
const d3like = (value, spec) => spec.format.endsWith("p") ? `${digits(100 * value, 3)}%` : number(value);

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
  const time = x === undefined ? "" : new Date(x * 1000).toLocaleString("en-GB", panel.view.zone === "utc" ? { ...HOVERED, timeZone: "UTC" } : HOVERED);
  for (const other of panel.closest(".row").querySelectorAll(".js-plotly-plot")) {
    other.hovered = Boolean(time);
    other.parentElement.querySelector(".at").textContent = time || other.most;
    if (other === panel) continue;
    if (x === undefined) { window.Plotly.Fx.unhover(other); continue; }
    const last = other.data.length - 1, index = other.data[last]?.x.findIndex((v) => v >= x) ?? -1;
    if (index >= 0) window.Plotly.Fx.hover(other, [{ curveNumber: last, pointNumber: index }]);
  }
  leading = false;
}

export async function relayout(main, view) {
  leading = true;
  await Promise.all([...main.querySelectorAll(".js-plotly-plot")].map((panel) =>
    window.Plotly.relayout(panel, moved(panel, view))));
  leading = false;
}
