// Pointer, finger and keys on panels: the moment pointed at, zoom, full scale, plotly where it is used.
import { pointAt, timeAt } from "./crosshair.js";
import { takeOver } from "./overlay.js";
import { view } from "./view.js";

// Pixels that a finger may move and still tap.
const TAP = 10;
const PAN = 0.2,
  ZOOM_IN = 0.2,
  ZOOM_OUT = 0.3;

const panelOf = (event) => event.target.closest?.(".panel");
const rowOf = (event) => event.target.closest?.(".row");

// Arrows pan, + and - zoom, Escape shows the whole span: what the mouse can, the keys can.
function rangeByKey(key, [from, to]) {
  const width = to - from;
  const moves = {
    ArrowLeft: [-PAN, -PAN],
    ArrowRight: [PAN, PAN],
    "+": [ZOOM_IN, -ZOOM_IN],
    "-": [-ZOOM_OUT, ZOOM_OUT],
  };
  return moves[key] && [from + moves[key][0] * width, to + moves[key][1] * width];
}

function watchKeys(main, zoom) {
  main.addEventListener("keydown", (event) => {
    const panel = panelOf(event);
    if (!panel?.range || event.ctrlKey || event.metaKey || event.altKey) return;
    const range = event.key === "Escape" ? null : rangeByKey(event.key, panel.range);
    if (range === undefined) return;
    event.preventDefault();
    zoom(range);
  });
}

// Two fingers: what lies under each stays under it.
export function pinched([from, to], before, after) {
  const width = to - from,
    spread = after[1] - after[0] || 1;
  const scaled = (width * (before[1] - before[0])) / spread;
  const middle = from + (width * (before[0] + before[1])) / 2;
  const start = middle - (scaled * (after[0] + after[1])) / 2;
  return [start, start + scaled];
}

function watchFingers(main, zoom, point) {
  const fingers = new Map();
  let began = null,
    moved = false;
  const shares = (box) => [...fingers.values()].map(({ x }) => (x - box.left) / box.width).sort((a, b) => a - b);
  main.addEventListener("pointerdown", (event) => {
    const panel = panelOf(event);
    if (event.pointerType !== "touch" || !panel) return;
    fingers.set(event.pointerId, { x: event.clientX, y: event.clientY, panel });
    moved = fingers.size > 1;
    if (fingers.size !== 2 || !panel.range) return;
    const box = panel.querySelector("svg.area").getBoundingClientRect();
    began = { box, range: [...panel.range], shares: shares(box) };
  });
  main.addEventListener("pointermove", (event) => {
    const finger = fingers.get(event.pointerId);
    if (!finger) return;
    if (Math.hypot(event.clientX - finger.x, event.clientY - finger.y) > TAP) moved = true;
    if (fingers.size !== 2 || !began) return;
    finger.x = event.clientX;
    zoom(pinched(began.range, began.shares, shares(began.box)));
  });
  const lift = (event) => {
    const finger = fingers.get(event.pointerId);
    fingers.delete(event.pointerId);
    if (fingers.size < 2) began = null;
    if (finger && event.type === "pointerup" && !moved) point(finger.panel, event.clientX);
  };
  main.addEventListener("pointerup", lift);
  main.addEventListener("pointercancel", lift);
}

// rows(): those with panels drawn; zoom(range); load(rows): their series, when not yet here.
export function watchPointers(main, { rows, zoom, load, redraw }) {
  let due = null;
  const point = (panel, clientX) => {
    const time = panel && timeAt(panel, clientX);
    if (due === null)
      requestAnimationFrame(() => {
        pointAt(rows(), due.time, view);
        due = null;
      });
    due = { time };
  };
  const near = async (row) => {
    if (!row || view.compact) return;
    // Those of the other rows as well: the moment pointed at has its values on each.
    if (!row.answer) await load(rows().filter((other) => !other.answer));
    await takeOver(row, view, zoom).catch(() => {});
  };
  main.addEventListener("pointermove", (event) => {
    if (event.pointerType !== "touch") point(panelOf(event), event.clientX);
  });
  main.addEventListener("pointerleave", (event) => {
    if (event.pointerType !== "touch") point(null, 0);
  });
  main.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "touch" && event.target.closest(".panels")) near(rowOf(event));
  });
  main.addEventListener("focusin", (event) => {
    if (panelOf(event)?.matches(":focus-visible")) near(rowOf(event));
  });
  main.addEventListener("click", (event) => {
    const row = rowOf(event);
    if (!event.target.closest(".whole")) return;
    row.whole = !row.whole;
    redraw(row);
  });
  watchFingers(main, zoom, async (panel, clientX) => {
    if (!panel.closest(".row").answer) await load([panel.closest(".row")]);
    point(panel, clientX);
  });
  watchKeys(main, zoom);
}
