// The controls above the rows: span, steps, custom span, zone, mode, columns, compact, live.
import { bounds, moment, remember, stepped, view, written } from "./view.js";
import { clock, writeTimes } from "./words.js";

const byId = (id) => document.getElementById(id);
// Seconds that a span may end before now and still be the present: a sample on its way.
const PRESENT = 60;

function showSpan() {
  document
    .querySelectorAll("button[name=span]")
    .forEach((b) => b.setAttribute("aria-pressed", String(b.value === view.span)));
  if (view.span === "custom") document.querySelector(".custom").open = true;
  byId("unzoom").hidden = !view.zoom;
  showPast();
}
export const lookingBack = () => bounds(view)[1] < Date.now() / 1000 - PRESENT;
// Looking back, the words of the rows are of another moment than the panels.
export function showPast() {
  const [, end] = bounds(view),
    past = byId("past"),
    back = lookingBack();
  past.hidden = !back;
  document.body.classList.toggle("past", back);
  byId("later").disabled = !back;
  if (back)
    past.textContent = `The panels end at ${clock(end, view.zone)}. Each row names its verdict of then; groups, sentences and numbers are of now.`;
}
const showFields = () => {
  for (const name of ["start", "end"])
    byId(name).value = view.span === "custom" ? written(view[name], view.zone) : byId(name).value;
};

// What the address says, put into the fields; true when the rows' size has changed.
export function showControls() {
  for (const name of ["mode", "zone"]) byId(name).value = view[name];
  for (const box of document.querySelectorAll("[name=column]")) box.checked = view.columns.has(box.value);
  if (byId("compact")) byId("compact").checked = view.compact;
  else view.compact = false;
  document.body.classList.toggle("compact", view.compact);
  showFields();
  showSpan();
}

// A span typed in; false when it is none.
function typed() {
  const wrong = byId("wrong");
  const [start, end] = ["start", "end"].map((name) =>
    moment(byId(name).value || (name === "end" ? "now" : ""), view.zone),
  );
  wrong.textContent = start === null || end === null ? "Not a time: -3h, now, 2026-11-24 or 2026-11-24 09:30." : "";
  if (!wrong.textContent) Object.assign(view, { start, end, span: "custom", zoom: null });
  return !wrong.textContent;
}

function wireSpans(redraw) {
  const show = () => {
    showSpan();
    remember();
    redraw();
  };
  byId("controls").addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = event.submitter?.value ?? "custom";
    if (document.activeElement === byId("find")) return;
    if (chosen !== "custom") Object.assign(view, { span: chosen, zoom: null });
    else if (!typed()) return;
    show();
  });
  for (const [id, direction] of [
    ["earlier", -1],
    ["later", 1],
  ]) {
    byId(id).addEventListener("click", () => {
      Object.assign(view, stepped(view, direction));
      showFields();
      show();
    });
  }
}

// redraw: ask for all that is shown again; unzoom: show the whole span; retime: write the words' times.
export function wireControls({ redraw, unzoom, retime }) {
  wireSpans(redraw);
  byId("live").addEventListener("change", () => byId("fresh").toggleAttribute("data-paused", !byId("live").checked));
  byId("mode").addEventListener("change", ({ target }) => {
    view.mode = target.value;
    remember();
    redraw();
  });
  byId("zone").addEventListener("change", ({ target }) => {
    view.zone = target.value;
    remember();
    showFields();
    showPast();
    writeTimes(document, view.zone);
    retime();
    redraw();
  });
  for (const box of document.querySelectorAll("[name=column]")) {
    box.addEventListener("change", () => {
      box.checked ? view.columns.add(box.value) : view.columns.delete(box.value);
      remember();
      redraw();
    });
  }
  byId("compact")?.addEventListener("change", ({ target }) => {
    view.compact = target.checked;
    remember();
    showControls();
    redraw();
  });
  byId("unzoom").addEventListener("click", unzoom);
  const more = document.querySelector("details.more");
  document.addEventListener("pointerdown", ({ target }) => {
    if (!more.contains(target)) more.open = false;
  });
  more.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") {
      more.open = false;
      more.querySelector("summary").focus();
    }
  });
  showControls();
}
