// plotly over the panels of a row that is pointed at: exact values, a zoom by dragging.
import { traces } from "./traces.js";
import { big, css, specOf } from "./spec.js";

// Rows that keep plotly at once; the one pointed at longest ago gives it back.
const MAX_ROWS = 3;
const OPTIONS = { displayModeBar: false, doubleClick: false };
const rows = new Set();
let leading = false,
  loading = null;

// Fetched when a pointer or the focus first comes near a row: most looks at the page need none of it.
function library() {
  loading ??= new Promise((done, fail) => {
    if (window.Plotly) {
      done();
      return;
    }
    const script = document.createElement("script");
    script.src = document.getElementById("main").dataset.plotly;
    script.addEventListener("load", done);
    script.addEventListener("error", () => {
      loading = null;
      fail(new Error("the library that zooms was not loaded"));
    });
    document.head.append(script);
  });
  return loading;
}

const plotsOf = (row) => [...row.querySelectorAll(".plot")];
const figureOf = (panel, view) => {
  const { grid, daemon } = panel.closest(".row").answer;
  return [traces(specOf(panel), grid, daemon, view), layout(panel)];
};

// Nothing of plotly's is seen but what it shows of a pointer: the picture below has lines and axes.
function layout(panel) {
  const hidden = { showgrid: false, zeroline: false, showline: false, showticklabels: false, ticks: "" };
  const slim = panel.closest(".row").dataset.size === "slim";
  const edges = slim
    ? { l: 0, r: 0, t: 1, b: 1 }
    : big.matches
      ? { l: 58, r: 6, t: 6, b: 30 }
      : { l: 42, r: 6, t: 6, b: 22 };
  return {
    width: panel.clientWidth,
    height: panel.clientHeight,
    margin: edges,
    showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    dragmode: "zoom",
    hovermode: specOf(panel).stack ? "x unified" : "x",
    hoverdistance: 40,
    hoverlabel: { font: { family: css("--font"), size: big.matches ? 15 : 12 } },
    xaxis: { type: "linear", range: [...panel.range], ...hidden, unifiedhovertitle: { text: panel.dataset.unit } },
    yaxis: { type: "linear", range: [0, panel.top ?? 1], fixedrange: true, ...hidden },
  };
}

function lay(panel, view, zoom) {
  const plot = document.createElement("div");
  plot.className = "plot";
  panel.append(plot);
  window.Plotly.newPlot(plot, ...figureOf(panel, view), OPTIONS);
  plot.on("plotly_relayout", (change) => {
    if (!leading && change["xaxis.range[0]"] !== undefined) zoom([change["xaxis.range[0]"], change["xaxis.range[1]"]]);
  });
  plot.on("plotly_doubleclick", () => zoom(null));
  plot.on("plotly_hover", (event) => share(plot, event.points[0]?.x));
  plot.on("plotly_unhover", () => share(plot, undefined));
}

// The values of one moment in all panels of the row.
function share(plot, x) {
  if (leading) return;
  leading = true;
  for (const other of plotsOf(plot.closest(".row"))) {
    if (other === plot) continue;
    if (x === undefined) {
      window.Plotly.Fx.unhover(other);
      continue;
    }
    const last = other.data.length - 1,
      index = other.data[last]?.x.indexOf(x) ?? -1;
    if (index >= 0) window.Plotly.Fx.hover(other, [{ curveNumber: last, pointNumber: index }]);
  }
  leading = false;
}

function giveBack(row) {
  for (const plot of plotsOf(row)) {
    window.Plotly.purge(plot);
    plot.remove();
  }
  rows.delete(row);
}

// Lay plotly over a row's panels; the library may first have to be fetched.
export async function takeOver(row, view, zoom) {
  await library();
  if (!row.isConnected || !row.answer || view.compact) return;
  rows.delete(row);
  rows.add(row);
  if (plotsOf(row).length === 0) row.querySelectorAll(".panel").forEach((panel) => lay(panel, view, zoom));
  for (const old of rows) {
    if (rows.size <= MAX_ROWS) break;
    if (!old.contains(document.activeElement)) giveBack(old);
  }
}

// After the picture was drawn again: the same moments and values above it; view null: nothing more.
export function overlay(row, view) {
  if (!rows.has(row)) return;
  const panels = [...row.querySelectorAll(".panel")];
  if (view === null || panels.some((panel) => !panel.querySelector(".plot"))) {
    giveBack(row);
    return;
  }
  leading = true;
  for (const panel of panels) {
    const plot = panel.querySelector(".plot");
    [plot.data, plot.layout] = figureOf(panel, view);
    window.Plotly.redraw(plot);
  }
  leading = false;
}
