// A drawing put into a panel: elements that are there are changed, not made again, for a live update
// would otherwise have the browser parse, style and lay out each of them.
import { markup } from "./drawing.js";

const NS = "http://www.w3.org/2000/svg";

// Keep count children of one kind; returns them.
function elements(svg, tag, count) {
  while (svg.childElementCount > count) svg.lastElementChild.remove();
  while (svg.childElementCount < count) svg.append(document.createElementNS(NS, tag));
  return svg.children;
}

function set(element, attributes, text) {
  const before = element.set ?? {};
  for (const [name, value] of Object.entries(attributes)) if (before[name] !== value) element.setAttribute(name, value);
  if (text !== undefined && element.textContent !== text) element.textContent = text;
  element.set = attributes;
}

export function show(panel, drawn) {
  const picture = panel.querySelector(".picture"),
    area = picture?.querySelector(".area");
  if (!area) {
    const made = document.createElement("div");
    made.className = "picture";
    made.innerHTML = markup(drawn);
    panel.replaceChildren(made);
    return;
  }
  const paths = elements(area, "path", drawn.paths.length);
  drawn.paths.forEach(([name, d], i) => set(paths[i], { class: name, d }));
  const labels = elements(picture.querySelector(".labels"), "text", drawn.labels.length);
  drawn.labels.forEach(([name, x, y, text], i) => set(labels[i], { class: name, x, y }, text));
}
