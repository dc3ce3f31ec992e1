// The controls above the rows: span, custom span, zone, mode, columns, compact, live.
import { moment, remember, view } from "./view.js";

const byId = (id) => document.getElementById(id);
const pressed = () => document.querySelectorAll("button[name=span]").forEach((b) => b.setAttribute("aria-pressed", String(b.value === view.span)));

function submitted(event, redraw) {
  event.preventDefault();
  const chosen = event.submitter?.value ?? "custom", wrong = byId("wrong");
  if (chosen === "custom") {
    const [start, end] = ["start", "end"].map((name) => moment(byId(name).value || (name === "end" ? "now" : ""), view.zone));
    wrong.textContent = start === null || end === null ? "Not a time: -3h, now, 2026-11-24 or 2026-11-24 09:30." : "";
    if (wrong.textContent) return;
    Object.assign(view, { start, end });
  }
  view.span = chosen;
  pressed();
  view.zoom = null;
  byId("unzoom").hidden = true;
  remember();
  redraw();
}

// redraw: ask for all that is shown again; unzoom: show the whole span.
export function wireControls(redraw, unzoom) {
  byId("controls").addEventListener("submit", (event) => submitted(event, redraw));
  byId("live").addEventListener("change", () => byId("fresh").toggleAttribute("data-paused", !byId("live").checked));
  for (const name of ["mode", "zone"]) {
    const field = byId(name);
    if (!field) continue;
    field.value = view[name];
    field.addEventListener("change", () => { view[name] = field.value; remember(); redraw(); });
  }
  for (const box of document.querySelectorAll("[name=column]")) {
    box.checked = view.columns.has(box.value);
    box.addEventListener("change", () => { box.checked ? view.columns.add(box.value) : view.columns.delete(box.value); remember(); redraw(); });
  }
  const compact = byId("compact"), shrink = () => document.body.classList.toggle("compact", view.compact);
  if (compact) {
    compact.checked = view.compact;
    compact.addEventListener("change", () => { view.compact = compact.checked; remember(); shrink(); redraw(); });
    shrink();
  } else view.compact = false;
  if (matchMedia("(max-width: 640px)").matches) document.querySelectorAll(".more").forEach((one) => one.removeAttribute("open"));
  byId("unzoom").hidden = !view.zoom;
  byId("unzoom").addEventListener("click", unzoom);
  for (const name of ["start", "end"]) byId(name).value = view[name];
  pressed();
}
