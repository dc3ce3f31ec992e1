// The page: what is asked for, when it is drawn, and what the address says about it.
import { draw, relayout, restyleAll, setPanels } from "./panels.js";

const main = document.getElementById("main");
const byId = (id) => document.getElementById(id);
const trouble = byId("trouble");
setPanels(JSON.parse(byId("panels").textContent));

const SPANS = { now: 900, hour: 3600, day: 86400, week: 604800, month: 2678400, year: 31622400 };
const url = new URL(location);
const view = {
  span: url.searchParams.get("span") in SPANS ? url.searchParams.get("span") : main.dataset.span,
  mode: url.searchParams.get("mode") || "rate",
  zone: url.searchParams.get("zone") || "local",
  find: url.searchParams.get("find") || "",
  sort: url.searchParams.get("sort") || "worst",
  compact: url.searchParams.has("compact"),
  zoom: null,
};
const from = Number(url.searchParams.get("from")), to = Number(url.searchParams.get("to"));
if (from > 0 && to > from) view.zoom = [from, to];

function remember() {
  const query = new URLSearchParams();
  if (view.span !== main.dataset.span) query.set("span", view.span);
  if (view.mode !== "rate") query.set("mode", view.mode);
  if (view.zone !== "local") query.set("zone", view.zone);
  if (view.find) query.set("find", view.find);
  if (view.sort !== "worst") query.set("sort", view.sort);
  if (view.compact) query.set("compact", "1");
  if (view.zoom) { query.set("from", Math.round(view.zoom[0])); query.set("to", Math.round(view.zoom[1])); }
  const text = query.toString();
  history.replaceState(null, "", text ? `?${text}` : location.pathname);
}

function say(text) { trouble.textContent = text; trouble.hidden = !text; }

async function ask(path, tag) {
  const response = await fetch(path, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
  if (response.status === 304) return null;
  if (!response.ok) {
    const told = await response.json().catch(() => null);
    throw new Error(told?.error?.message || `the server answered ${response.status}`);
  }
  return { body: await response.json(), tag: response.headers.get("ETag") };
}

const rows = () => [...main.querySelectorAll(".row")];
const seen = new Set(), waiting = new Set();
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (entry.isIntersecting) { seen.add(entry.target); if (!entry.target.drawn) waiting.add(entry.target); }
    else seen.delete(entry.target);
  }
  if (waiting.size) load([...waiting]);
}, { rootMargin: "200px" });

let turn = 0;
async function load(wanted) {
  wanted.forEach((row) => waiting.delete(row));
  if (!wanted.length) return;
  const mine = turn;
  const query = new URLSearchParams({ span: view.span });
  wanted.forEach((row) => query.append("daemon", row.dataset.id));
  const metrics = new Set([...wanted[0].querySelectorAll(".panel")].map((p) => p.dataset.metric));
  query.set("metrics", [...metrics].join(","));
  try {
    const answer = await ask(`/api/v1/series?${query}`);
    if (mine !== turn) return;
    say("");
    const found = new Map(answer.body.daemons.map((one) => [one.id, one.series]));
    for (const row of wanted) {
      row.drawn = true;
      for (const panel of row.querySelectorAll(".panel")) {
        draw(panel, answer.body, found.get(row.dataset.id), view, zoomed);
      }
    }
    document.body.dataset.drawn = String(Number(document.body.dataset.drawn || 0) + 1);
  } catch (error) {
    wanted.forEach((row) => { row.drawn = false; });
    say(`These numbers could not be brought up to date: ${error.message}. Trying again.`);
  }
}

function redraw() {
  turn += 1;
  rows().forEach((row) => { row.drawn = false; });
  load([...seen].filter((row) => !row.hidden));
}

function zoomed(range) {
  view.zoom = range;
  byId("unzoom").hidden = !range;
  remember();
  relayout(main, view);
}

const number = (value) => value === null ? "–"
  : new Intl.NumberFormat("en", { maximumSignificantDigits: value < 100 ? 2 : 4, notation: value >= 1e4 ? "compact" : "standard" }).format(value);
const age = (s) => s === null ? "–" : s >= 172800 ? `${Math.round(s / 86400)} d` : s >= 7200 ? `${Math.round(s / 3600)} h` : s >= 120 ? `${Math.round(s / 60)} min` : `${Math.round(s)} s`;

let tag = null, states = new Map();
async function refresh() {
  const answer = await ask("/api/v1/daemons", tag);
  if (!answer) return;
  tag = answer.tag;
  const present = new Map(rows().map((row) => [row.dataset.id, row]));
  if (!main.classList.contains("one") && answer.body.daemons.some((one) => !present.has(one.id))) { location.reload(); return; }
  states = new Map(answer.body.daemons.map((one, place) => [one.id, { ...one, place }]));
  for (const [id, row] of present) {
    const one = states.get(id);
    if (!one) continue;
    row.dataset.state = one.state;
    row.querySelector(".state").textContent = one.state;
    row.querySelector(".text").textContent = one.text;
    const shown = [number(one.backlog), age(one.oldest), number(one.arrival_rate), number(one.completion_rate), age(one.drain_seconds)];
    row.querySelectorAll(".numbers b").forEach((b, i) => { b.textContent = shown[i]; });
  }
  const fleet = answer.body.fleet, line = byId("fleet");
  if (line) [fleet.daemons, fleet.behind, fleet.silent, number(fleet.backlog)].forEach((value, i) => { line.querySelectorAll("b")[i].textContent = value; });
  arrange();
}

function arrange() {
  if (main.classList.contains("one")) return;
  const key = { worst: (r) => states.get(r.dataset.id)?.place ?? 0, name: (r) => r.dataset.id, backlog: (r) => -(states.get(r.dataset.id)?.backlog ?? 0) }[view.sort] || ((r) => r.dataset.id);
  const now = rows(), words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
  const sorted = states.size ? [...now].sort((a, b) => { const x = key(a), y = key(b); return x < y ? -1 : x > y ? 1 : 0; }) : now;
  if (sorted.some((row, i) => row !== now[i])) sorted.forEach((row) => main.append(row));
  for (const row of now) {
    const text = `${row.dataset.search} ${row.dataset.state.toLowerCase()}`;
    row.hidden = !words.every((word) => text.includes(word));
  }
  byId("nomatch").hidden = now.length === 0 || now.some((row) => !row.hidden);
}

async function tick() {
  if (byId("live").checked && !document.hidden) {
    try {
      await refresh();
      await load([...seen].filter((row) => !row.hidden));
    } catch (error) { say(`These numbers could not be brought up to date: ${error.message}. Trying again.`); }
  }
  setTimeout(tick, Number(main.dataset.interval) * 1000);
}

byId("controls").addEventListener("submit", (event) => {
  event.preventDefault();
  view.span = event.submitter.value;
  document.querySelectorAll("[name=span]").forEach((b) => b.setAttribute("aria-pressed", String(b.value === view.span)));
  zoomed(null);
  redraw();
});
for (const name of ["mode", "zone", "sort"]) {
  const field = byId(name);
  if (!field) continue;
  field.value = view[name];
  field.addEventListener("change", () => { view[name] = field.value; remember(); name === "sort" ? arrange() : redraw(); });
}
const find = byId("find"), compact = byId("compact");
if (find) { find.value = view.find; find.addEventListener("input", () => { view.find = find.value; remember(); arrange(); }); }
const shrink = () => { document.body.classList.toggle("compact", view.compact); restyleAll(main, view); };
if (compact) { compact.checked = view.compact; compact.addEventListener("change", () => { view.compact = compact.checked; remember(); shrink(); redraw(); }); }
byId("unzoom").hidden = !view.zoom;
byId("unzoom").addEventListener("click", () => zoomed(null));
document.querySelectorAll("[name=span]").forEach((b) => b.setAttribute("aria-pressed", String(b.value === view.span)));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
if (compact) shrink();
document.querySelectorAll("time[data-time]").forEach((one) => { one.textContent = new Date(one.dataset.time * 1000).toLocaleString(); });
arrange();
rows().forEach((row) => watcher.observe(row));
setTimeout(tick, Number(main.dataset.interval) * 1000);
