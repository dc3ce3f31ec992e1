// One moment pointed at, on every row: an upright line in each panel and its value in the caption.
import { worded } from "./labels.js";
import { pointsOf } from "./lines.js";
import { specOf } from "./spec.js";
import { moment } from "./words.js";

const DAY = 86400;

const write = (node, text) => {
  if (node.textContent !== text) node.textContent = text;
};

// The moment below a place on the screen; null outside the axis.
export function timeAt(panel, clientX) {
  const area = panel.querySelector("svg.area")?.getBoundingClientRect();
  if (!area?.width || !panel.range) return null;
  const share = (clientX - area.left) / area.width,
    [from, to] = panel.range;
  return share < 0 || share > 1 ? null : from + share * (to - from);
}

// The marks near a moment, in words; within a hundredth of the span.
function markWords(panel, time) {
  const near = (panel.range[1] - panel.range[0]) / 100;
  const marks = (panel.marks ?? []).filter((mark) => Math.abs(mark.time - time) <= near);
  return [...new Set(marks.map((mark) => mark.text || (mark.kind ? "" : "restarted")))].filter(Boolean);
}

function valueAt(spec, { start, end, step }, daemon, time) {
  if (spec.stack) return "";
  const index = Math.min(Math.round((end - start) / step) - 1, Math.floor((time - start) / step));
  return worded(pointsOf(spec, daemon)[index] ?? null, spec);
}

function show(panel, time, view) {
  const { grid, daemon } = panel.closest(".row").answer ?? {},
    caption = panel.parentElement.querySelector(".at");
  const inside = time !== null && panel.range && time >= panel.range[0] && time <= panel.range[1];
  panel.classList.toggle("crossed", Boolean(inside));
  if (!inside) {
    write(caption, panel.most ?? "");
    return;
  }
  panel.style.setProperty("--at", String((time - panel.range[0]) / (panel.range[1] - panel.range[0])));
  const value = grid ? valueAt(specOf(panel), grid, daemon, time) : "";
  write(
    caption,
    [moment(time, view.zone, panel.range[1] - panel.range[0] > DAY), value, ...markWords(panel, time)]
      .filter(Boolean)
      .join(" · "),
  );
}

// Point at a moment in the given rows; null: at none.
export function pointAt(rows, time, view) {
  for (const row of rows) row.querySelectorAll(".panel").forEach((panel) => show(panel, time, view));
}
