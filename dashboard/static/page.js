// The page: what is asked for, when it is drawn, and how it is kept up to date.
import { ask } from "./ask.js";
import { incidents } from "./evidence.js";
import * as own from "./own.js";
import { caption, discard, draw, measure, ready, relayout } from "./panels.js";
import { build, fill } from "./rows.js";
import { setPanels } from "./traces.js";
import { bounded, moment, remember, view, when } from "./view.js";
import { clock, number, setPlain } from "./words.js";

const main = document.getElementById("main"), title = document.title;
const byId = (id) => document.getElementById(id);
const told = JSON.parse(byId("panels").textContent);
const single = main.classList.contains("one");
setPanels(told);
setPlain(told.plain);
const trouble = byId("trouble");
const say = (text) => { trouble.textContent = text; trouble.hidden = !text; };
const lament = (error) => { say(`These numbers could not be brought up to date: ${error.message}. Trying again.`); byId("fresh").toggleAttribute("data-old", true); };

const titles = (main.dataset.panels || "").split(","), optional = (main.dataset.columns || "").split(",").filter(Boolean);
const specs = [...titles, ...optional].map((metric) => ({ ...told.panels.find((one) => one.metric === metric), always: titles.includes(metric) }));
const rows = () => [...main.querySelectorAll(".row")];
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
    lament(error);
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
  if (body.reading) setTimeout(() => refresh().catch(lament), 1000);
  const present = new Map(rows().map((row) => [row.dataset.id, row]));
  if (!single && body.daemons.some((one) => !present.has(one.id))) { location.reload(); return; }
  states = new Map(body.daemons.map((one, place) => [one.id, { ...one, place }]));
  for (const [id, row] of present) if (states.has(id)) fill(row, states.get(id));
  if (single) await own.evidence(states.get(rows()[0].dataset.id), view);
  if (!single) { fleetLine(lastFleet = body.fleet); incidents(body.incidents ?? []); for (const [id, row] of present) if (!states.has(id)) gone(row); }
  arrange();
}

function fleetLine(fleet) {
  const told = [fleet.daemons, fleet.behind, fleet.silent, fleet.unknown, fleet.daemons && fleet.silent === fleet.daemons ? null : fleet.backlog];
  byId("fleet").querySelectorAll("li").forEach((item, i) => {
    item.querySelector("b").textContent = number(told[i]);
    item.toggleAttribute("data-some", told[i] > 0);
    if (item.dataset.kind === "unknown") item.hidden = !told[i];
    if (item.dataset.kind === "daemons") item.lastChild.data = told[i] === 1 ? " daemon" : " daemons";
  });
  // Only when it says something else: it is read aloud.
  if (byId("headline").textContent !== fleet.headline) byId("headline").textContent = fleet.headline;
  document.title = fleet.behind ? `(${fleet.behind} behind) fedmsg queues` : "fedmsg queues";
  byId("silent").hidden = !(fleet.daemons && fleet.silent === fleet.daemons);
}

// A daemon that the store no longer has.
function gone(row) {
  watcher.unobserve(row);
  seen.delete(row);
  waiting.delete(row);
  discard(row);
  row.remove();
}

const FILTERS = ["host", "service", "consumer", "state"];
function arrange() {
  if (single) return;
  const place = (row) => states.get(row.dataset.id);
  const key = { worst: (r) => place(r)?.place ?? 0, name: (r) => r.dataset.id, backlog: (r) => -(place(r)?.backlog ?? 0) }[view.sort] || ((r) => r.dataset.id);
  const now = rows(), words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
  const sorted = states.size ? [...now].sort((a, b) => { const x = key(a), y = key(b); return x < y ? -1 : x > y ? 1 : 0; }) : now;
  if (sorted.some((row, i) => row !== now[i])) sorted.forEach((row) => main.insertBefore(row, byId("nomatch")));
  for (const row of now) {
    const text = `${row.dataset.search} ${row.dataset.state.toLowerCase()} ${row.querySelector(".state").textContent.toLowerCase()}`;
    row.hidden = !words.every((word) => text.includes(word)) || FILTERS.some((name) => view[name].size && !view[name].has(row.dataset[name]));
  }
  byId("nomatch").hidden = now.length === 0 || now.some((row) => !row.hidden);
}

async function tick() {
  if (byId("live").checked && !document.hidden) {
    try { await refresh(); await load(visible()); fresh(); } catch (error) { lament(error); stale(); }
  }
  setTimeout(tick, Number(main.dataset.interval) * 1000);
}

// Without news nobody knows how the daemons are: what was said last is not said again.
let heard = Date.now(), lastFleet = null;
function stale() {
  document.body.classList.add("stale");
  const text = `No news since ${time(heard)}: the present is not known`;
  if (byId("headline") && byId("headline").textContent !== text) byId("headline").textContent = text;
  document.title = "(no news) fedmsg queues";
}

const time = (ms) => new Date(ms).toLocaleTimeString("en-GB", view.zone === "utc" ? { timeZone: "UTC" } : {});
function fresh() {
  heard = Date.now();
  if (document.body.classList.contains("stale")) {
    document.body.classList.remove("stale");
    document.title = title;
    if (lastFleet) fleetLine(lastFleet);
  }
  byId("fresh").textContent = time(heard);
  byId("fresh").toggleAttribute("data-old", !trouble.hidden);
}
byId("live").addEventListener("change", () => byId("fresh").toggleAttribute("data-paused", !byId("live").checked));

const pressed = () => document.querySelectorAll("button[name=span]").forEach((b) => b.setAttribute("aria-pressed", String(b.value === view.span)));
byId("controls").addEventListener("submit", (event) => {
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
});
for (const name of ["mode", "zone", "sort"]) {
  const field = byId(name);
  if (!field) continue;
  field.value = view[name];
  field.addEventListener("change", () => { view[name] = field.value; remember(); name === "sort" ? arrange() : redraw(); });
}
for (const name of FILTERS) {
  const field = byId(name);
  if (!field) continue;
  field.value = [...view[name]][0] ?? "";
  field.addEventListener("change", () => { view[name] = new Set(field.value ? [field.value] : []); remember(); arrange(); load(visible().filter((row) => !row.drawn)); });
}
for (const box of document.querySelectorAll("[name=column]")) {
  box.checked = view.columns.has(box.value);
  box.addEventListener("change", () => { box.checked ? view.columns.add(box.value) : view.columns.delete(box.value); remember(); redraw(); });
}
const find = byId("find"), compact = byId("compact");
if (find) { find.value = view.find; find.addEventListener("input", () => { view.find = find.value; remember(); arrange(); }); }
const shrink = () => document.body.classList.toggle("compact", view.compact);
if (compact) { compact.checked = view.compact; compact.addEventListener("change", () => { view.compact = compact.checked; remember(); shrink(); redraw(); }); shrink(); } else view.compact = false;
if (matchMedia("(max-width: 640px)").matches) document.querySelectorAll(".more").forEach((one) => one.removeAttribute("open"));
byId("unzoom").hidden = !view.zoom;
byId("unzoom").addEventListener("click", () => zoomed(null));
for (const name of ["start", "end"]) byId(name).value = view[name];
pressed();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
document.querySelectorAll("time[data-time]").forEach((one) => { one.textContent = clock(Number(one.dataset.time), view.zone); });
if (single) own.notes(rows()[0].dataset.id, () => refresh().then(redraw).catch(lament));
arrange();
first();
rows().forEach((row) => watcher.observe(row));
refresh().then(fresh).then(() => view.marks.length && redraw()).catch(lament);
setTimeout(tick, Number(main.dataset.interval) * 1000);
