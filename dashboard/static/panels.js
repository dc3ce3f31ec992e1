// The panels of a row: drawn as SVG from the last answer, and again when the view changes.
import { unit, values } from "./curves.js";
import { drawing, labelMarkup } from "./drawing.js";
import { spoken, timeLabels, worded } from "./labels.js";
import { overlay } from "./overlay.js";
import { show } from "./picture.js";
import { spark } from "./spark.js";
import { alsoColours, big, hue, specOf, topicColours } from "./spec.js";
import { stackOf } from "./topics.js";

// Pixels next to the time axis, and of a letter on it.
const MARGINS = 48,
  LETTER = 11,
  LETTER_BIG = 14,
  USUAL_ROOM = 310;

const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};
const panelsOf = (row) => row.querySelectorAll(".panel");

// The range of the time axis, in seconds: the zoom, or what is known of the span.
export const rangeOf = (grid, view) => view.zoom ?? [view.begin ?? grid.start, grid.end];

// Pixels of the time axis in a panel; asked for once for all panels, before anything is written.
export const roomOf = (panel) => ({
  room: (panel?.clientWidth || USUAL_ROOM + MARGINS) - MARGINS,
  letter: big.matches ? LETTER_BIG : LETTER,
});

function marksOf(daemon, view) {
  const restarts = (daemon?.restarts ?? []).map((time) => ({ time, kind: "", text: "" }));
  const own = (mark) => !mark.daemon || mark.daemon === daemon?.id || daemon?.id.startsWith(`${mark.daemon}/`);
  return [...restarts, ...(view.marks ?? []).filter(own)];
}

function layersOf(spec, daemon, view, grid) {
  if (!spec.stack) return null;
  return stackOf(daemon?.[spec.stack]).map(({ name, points, rest }, i) => ({
    name,
    colour: rest ? topicColours.at(-1) : topicColours[i],
    points: values(points, spec, view.mode, grid.step),
  }));
}

// Names and colours of what a panel shows besides its own line.
function legend(figure, names) {
  let list = figure.querySelector(".legend");
  if (!names.length) {
    list?.remove();
    return;
  }
  if (!list) {
    list = document.createElement("ul");
    list.className = "legend";
    figure.append(list);
  }
  list.replaceChildren(
    ...names.map(({ name, colour }) => {
      const item = document.createElement("li"),
        key = document.createElement("span");
      key.className = `key ${colour}`;
      item.append(key, name);
      return item;
    }),
  );
}

const ALSO = { service_p50: "median", service_p95: "95 %", service_p99: "99 %", service_max: "longest" };
function namesOf(spec, layers, daemon) {
  if (layers) return layers;
  const also = spec.also.filter((name) => daemon?.series?.[name]?.some((value) => value !== null));
  if (!also.length) return [];
  return [spec.metric, ...also].map((metric, i) => ({
    name: ALSO[metric] ?? spec.title,
    colour: i ? alsoColours[i - 1] : spec.colour,
  }));
}

function drawPanel(panel, grid, daemon, view, size) {
  const spec = specOf(panel),
    row = panel.closest(".row"),
    layers = layersOf(spec, daemon, view, grid),
    figure = panel.parentElement;
  panel.range = rangeOf(grid, view);
  panel.marks = marksOf(daemon, view);
  const made = drawing(spec, grid, daemon, {
    ...size,
    mode: view.mode,
    zone: view.zone,
    whole: row.whole,
    slim: row.dataset.size === "slim",
    range: panel.range,
    marks: panel.marks,
    layers,
  });
  show(panel, made);
  panel.top = made.top;
  panel.dataset.points = String(made.known);
  panel.setAttribute("aria-label", spoken(spec.title, row.dataset.consumer, unit(spec, view.mode), spec, made));
  panel.most = made.highest === null || layers ? "" : `max ${worded(made.highest, spec)}`;
  caption(figure, spec, made, row, view, panel);
  legend(figure, namesOf(spec, layers, daemon));
}

// What a panel shows, in which unit, and the highest value in it.
function caption(figure, spec, made, row, view, panel) {
  write(figure.querySelector("small"), unit(spec, view.mode));
  if (!panel.classList.contains("crossed")) write(figure.querySelector(".at"), panel.most);
  const button = figure.querySelector(".whole");
  button.hidden = !made.cut && !row.whole;
  write(button, row.whole ? "readable scale" : "full scale");
}

function drawSpark(panel, daemon) {
  const spec = specOf(panel),
    points = daemon?.series?.[spec.metric] ?? [];
  spark(panel, points, spec.floor, hue(spec.colour));
}

// Draw a row from an answer of /api/v1/series; kept, so that a change of view needs no other.
export function drawRow(row, grid, daemon, view, size) {
  row.answer = { grid, daemon };
  row.classList.remove("failed");
  for (const panel of panelsOf(row)) {
    if (view.compact) {
      drawSpark(panel, daemon);
      continue;
    }
    drawPanel(panel, grid, daemon, view, size);
  }
  if (!view.compact) overlay(row, view);
}

export function redrawRow(row, view, size) {
  if (row.answer) drawRow(row, row.answer.grid, row.answer.daemon, view, size);
}

// The server writes moments in UTC and for one width: put the reader's own in place.
export function relabelRow(row, [from, to], view, { room, letter }) {
  const labels =
    row.dataset.size === "slim" ? null : timeLabels([from, to], room, letter, view.zone).map(labelMarkup).join("");
  for (const panel of panelsOf(row)) {
    const svg = panel.querySelector("svg.labels");
    if (!svg) continue;
    panel.range = [from, to];
    panel.most = panel.parentElement.querySelector(".at").textContent;
    const written = [...svg.querySelectorAll(".x")];
    if (labels === null || written.map((text) => text.outerHTML).join("") === labels) continue;
    written.forEach((text) => text.remove());
    svg.insertAdjacentHTML("beforeend", labels);
  }
}

// Panels far outside the window keep nothing.
export function letGo(row) {
  overlay(row, null);
  delete row.answer;
  row.drawn = false;
  for (const panel of panelsOf(row)) panel.replaceChildren();
}
