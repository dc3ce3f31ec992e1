// The page: what is asked for, when it is drawn, and how it is kept up to date.
import { ask } from "./ask.js";
import { wireControls } from "./controls.js";
import * as own from "./daemon_page.js";
import { incidents } from "./evidence.js";
import { arrange, rows, wireFilters } from "./filter.js";
import { fleetLine, fresh, say, showError, stale } from "./live.js";
import { caption, discard, draw, measure, ready, relayout } from "./panels.js";
import { build, fill } from "./rows.js";
import { setPanels } from "./traces.js";
import { bounded, remember, view, when } from "./view.js";
import { clock, setPlain } from "./words.js";

const main = document.getElementById("main");
const byId = (id) => document.getElementById(id);
const told = JSON.parse(byId("panels").textContent);
const single = main.classList.contains("one");
setPanels(told);
setPlain(told.plain);

const titles = (main.dataset.panels || "").split(","), optional = (main.dataset.columns || "").split(",").filter(Boolean);
const specs = [...titles, ...optional].map((metric) => ({ ...told.panels.find((one) => one.metric === metric), always: titles.includes(metric) }));
const tiedTo = (row) => row.ties ??= JSON.parse(row.dataset.tied || "[]");
let states = new Map();
view.marks = [];

const seen = new Set(), waiting = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) { seen.delete(target); continue; }
    seen.add(target);
    if (!target.drawn && !target.asked) waiting.add(target);
  }
  if (waiting.size) load([...waiting]);
}, { rootMargin: "200px" });

let turn = 0;
function request(wanted) {
  const query = new URLSearchParams(when());
  wanted.forEach((row) => query.append("daemon", row.dataset.id));
  const metrics = new Set();
  for (const one of specs) if (one.always || view.columns.has(one.metric)) if (one.metric !== "topics") [one.metric, ...one.also].forEach((name) => metrics.add(name));
  query.set("metrics", [...metrics].join(","));
  if (specs.some((one) => one.metric === "topics")) query.set("topics", "1");
  if (wanted.some((row) => tiedTo(row).length)) query.set("tied", "1");
  if (single || ["now", "hour"].includes(view.span)) query.set("restarts", "1");
  if (!view.compact) query.set("usual", "1");
  return `/api/v1/series?${query}`;
}

async function load(wanted) {
  wanted.forEach((row) => { waiting.delete(row); build(row, specs, view.compact ? [] : tiedTo(row), view.compact ? new Set() : view.columns); });
  // A request's address has a bound, and the first rows need not wait for the last.
  for (let i = 0; i < wanted.length; i += 40) await part(wanted.slice(i, i + 40));
}

async function part(wanted) {
  const mine = turn;
  try {
    wanted.forEach((row) => { row.asked = true; });
    const { body, same } = await ask(request(wanted));
    if (!view.compact) await ready;
    if (mine !== turn) return;
    say("");
    const found = new Map(body.daemons.map((one) => [one.id, one]));
    const due = wanted.filter((row) => !(same && row.drawn)), each = (what) => {
      for (const row of due) for (const panel of row.querySelectorAll(".panel")) what(panel, found.get(row.dataset.id));
    };
    due.forEach((row) => { row.drawn = true; row.classList.remove("failed"); });
    each(measure);
    each((panel, one) => draw(panel, body, one, view, zoomed));
    // Words after the charts: each would have the page laid out again for the next chart.
    each((panel, one) => caption(panel, one, view));
    if (single) { own.table(body, view); own.marks(view.marks, body.daemons[0]?.restarts ?? [], view); }
    document.body.dataset.at = String(performance.now());
    document.body.dataset.first ??= document.body.dataset.at;
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn || 0) + 1);
  } catch (error) {
    wanted.forEach((row) => { row.classList.toggle("failed", !row.drawn); row.drawn = false; });
    showError(error);
  } finally { wanted.forEach((row) => { row.asked = false; }); }
}

// What is in view to begin with, without waiting for the watcher: it waits for the first frame.
function first() {
  const found = [], end = innerHeight + 200;
  for (const row of rows()) {
    if (row.hidden) continue;
    if (row.getBoundingClientRect().top > end) break;
    found.push(row);
  }
  if (found.length) load(found);
}

const visible = () => [...seen].filter((row) => !row.hidden);
function redraw() {
  turn += 1;
  if (single) own.links(when());
  rows().forEach((row) => { row.drawn = false; });
  return load(visible());
}

// At once with what is there; then, when the hand rests, with the finer steps of the store.
let finer;
function zoomed(range) {
  view.zoom = range && bounded(range);
  if (single) own.links(when());
  byId("unzoom").hidden = !range;
  remember();
  if (single) own.links(when());
  relayout(main, view);
  clearTimeout(finer);
  finer = setTimeout(redraw, 250);
}

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
  watcher.unobserve(row);
  seen.delete(row);
  waiting.delete(row);
  discard(row);
  row.remove();
}

async function tick() {
  if (byId("live").checked && !document.hidden) {
    try { await refresh(); await load(visible()); fresh(view.zone); } catch (error) { showError(error); stale(view.zone); }
  }
  setTimeout(tick, Number(main.dataset.interval) * 1000);
}

wireControls(redraw, () => zoomed(null));
wireFilters(() => { arrange(states); load(visible().filter((row) => !row.drawn)); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.querySelectorAll("time[data-time]").forEach((one) => { one.textContent = clock(Number(one.dataset.time), view.zone); });
if (single) own.notes(rows()[0].dataset.id, () => refresh().then(redraw).catch(showError));
arrange(states);
first();
rows().forEach((row) => watcher.observe(row));
refresh().then(() => fresh(view.zone)).then(() => view.marks.length && redraw()).catch(showError);
setTimeout(tick, Number(main.dataset.interval) * 1000);
