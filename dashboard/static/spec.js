// The table of panels as the server describes it, and its colours on this ground.
export let specs = new Map();
let onDark = {};
export let topicHues = [];
export function setPanels(told) {
  specs = new Map(told.panels.map((one) => [one.metric, one]));
  onDark = told.dark;
  topicHues = told.topics;
}
export const specOf = (panel) => specs.get(panel.dataset.metric)
  ?? { metric: panel.dataset.metric, title: panel.dataset.title, unit: panel.dataset.unit || "", colour: "#b8558f", format: ",.4~r", also: [] };

const dark = matchMedia("(prefers-color-scheme: dark)");
export const big = matchMedia("(min-width: 2200px)");
export const tint = (colour, alpha = "1f") => `${colour}${alpha}`;
export const hue = (colour) => dark.matches ? onDark[colour] ?? colour : colour;
// Remembered: each reading makes the browser lay out again what plotly has just changed.
const colours = new Map();
dark.addEventListener("change", () => colours.clear());
export function css(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}

// A topic's or a tied series' name is data: plotly would take < for a tag.
export const text = (name) => String(name).replaceAll("&", "&amp;").replaceAll("<", "&lt;");
