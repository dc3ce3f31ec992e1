// The table of panels as the server describes it, and its colours on this ground.
export const specs = new Map();
let palette = {};
export const topicColours = [];
export const alsoColours = [];
export function setPanels(table) {
  for (const panel of table.panels) specs.set(panel.metric, panel);
  palette = table.palette;
  topicColours.splice(0, Infinity, ...table.topics);
  alsoColours.splice(0, Infinity, ...table.also);
}
export const specOf = (panel) =>
  specs.get(panel.dataset.metric) ?? {
    metric: panel.dataset.metric,
    title: panel.dataset.title,
    unit: panel.dataset.unit || "",
    colour: "pink",
    format: ",.4~r",
    also: [],
    shares: [],
    under: "",
    usual: "",
    floor: 0,
    tied: true,
  };

const dark = matchMedia("(prefers-color-scheme: dark)");
export const big = matchMedia("(min-width: 2200px)");
export const tint = (colour, alpha = "1f") => `${colour}${alpha}`;
// A name of the palette as a colour on this ground.
export const hue = (name) => palette[name][dark.matches ? 1 : 0];
// Remembered: each reading makes the browser lay out again what plotly has just changed.
const colours = new Map();
dark.addEventListener("change", () => colours.clear());
export function css(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}

// A topic's or a tied series' name is data: plotly would take < for a tag.
export const text = (name) => String(name).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
