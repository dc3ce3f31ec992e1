// The page: what is asked for, when it is drawn, and how it is kept up to date.
import { ask } from "./ask.js";
import { wireControls } from "./controls.js";
import * as own from "./daemon_page.js";
import { incidents } from "./evidence.js";
import { arrange, rows, wireFilters } from "./filter.js";
import { fleetLine, fresh, say, showError, stale } from "./live.js";
import { panelLoader } from "./loading.js";
import { fill } from "./rows.js";
import { setPanels } from "./spec.js";
import { view, when } from "./view.js";
import { clock, setPlain } from "./words.js";

const main = document.getElementById("main");
const byId = (id) => document.getElementById(id);
const told = JSON.parse(byId("panels").textContent);
const single = main.classList.contains("one");
setPanels(told);
setPlain(told.plain);

const titles = (main.dataset.panels || "").split(","), optional = (main.dataset.columns || "").split(",").filter(Boolean);
const specs = [...titles, ...optional].map((metric) => ({ ...told.panels.find((one) => one.metric === metric), always: titles.includes(metric) }));
let states = new Map();
view.marks = [];

const panels = panelLoader({
  main, specs, single,
  changed: (body) => { say(""); if (single) { own.table(body, view); own.marks(view.marks, body.daemons[0]?.restarts ?? [], view); } },
  failed: showError,
});
const { load, visible } = panels;
const redraw = () => { if (single) own.links(when()); return panels.redraw(); };
addEventListener("zoomed", (event) => {
  if (single) own.links(when());
  byId("unzoom").hidden = !event.detail;
});

async function refresh() {
  const query = new URLSearchParams(when());
  if (single) query.set("daemon", rows()[0].dataset.id);
  const [{ body, same }, notes] = await Promise.all([ask("/api/v1/daemons"), ask(`/api/v1/marks?${query}`)]);
  if (!notes.same) {
    if (view.marks.length || notes.body.marks.length) rows().forEach((row) => { row.drawn = false; });
    view.marks = notes.body.marks;
  }
  if (same && states.size) return;
  // Many daemons are judged beside their first reader: he is told as soon as it is done.
  if (body.reading) setTimeout(() => refresh().catch(showError), 1000);
  const present = new Map(rows().map((row) => [row.dataset.id, row]));
  if (!single && body.daemons.some((one) => !present.has(one.id))) { location.reload(); return; }
  states = new Map(body.daemons.map((one, place) => [one.id, { ...one, place }]));
  for (const [id, row] of present) if (states.has(id)) fill(row, states.get(id));
  if (single) await own.evidence(states.get(rows()[0].dataset.id), view);
  if (!single) { fleetLine(body.fleet); incidents(body.incidents ?? []); for (const [id, row] of present) if (!states.has(id)) gone(row); }
  arrange(states);
}

// A daemon that the store no longer has.
function gone(row) {
  panels.forget(row);
  row.remove();
}

async function tick() {
  if (byId("live").checked && !document.hidden) {
    try { await refresh(); await load(visible()); fresh(view.zone); } catch (error) { showError(error); stale(view.zone); }
  }
  setTimeout(tick, Number(main.dataset.interval) * 1000);
}

wireControls(redraw, () => panels.zoom(null));
wireFilters(() => { arrange(states); load(visible().filter((row) => !row.drawn)); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.querySelectorAll("time[data-time]").forEach((one) => { one.textContent = clock(Number(one.dataset.time), view.zone); });
if (single) own.notes(rows()[0].dataset.id, () => refresh().then(redraw).catch(showError));
arrange(states);
panels.start();
refresh().then(() => fresh(view.zone)).then(() => view.marks.length && redraw()).catch(showError);
setTimeout(tick, Number(main.dataset.interval) * 1000);
