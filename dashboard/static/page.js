// The page: what is asked for, when it is drawn, and how it is kept up to date.
import { ask } from "./ask.js";
import { showBadge } from "./badge.js";
import { lookingBack, showControls, showPast, wireControls } from "./controls.js";
import { showCosts } from "./costs.js";
import * as daemonPage from "./daemon_page.js";
import { incidents } from "./evidence.js";
import { arrange, filtered, rows, setTitles, showFilters, wireFilters } from "./filter.js";
import { keepView } from "./links.js";
import { fleetLine, fresh, say, showError, showHeard, stale } from "./live.js";
import { panelLoader } from "./loading.js";
import { wireOrders } from "./orders.js";
import { fill, known, mark } from "./rows.js";
import { setPanels } from "./spec.js";
import { stripLoader } from "./strip.js";
import { recall, toAddress, view, when } from "./view.js";
import { age, clock, setPlain, writeTimes } from "./words.js";

const main = document.getElementById("main");
const byId = (id) => document.getElementById(id);
const settings = JSON.parse(byId("panels").textContent);
const single = main.classList.contains("one"),
  writable = byId("order") !== null;
setPanels(settings);
setPlain(settings.plain, settings.groups);

const titles = (main.dataset.panels || "").split(","),
  optional = (main.dataset.columns || "").split(",").filter(Boolean);
const specs = [...titles, ...optional].map((metric) => ({
  ...settings.panels.find((panel) => panel.metric === metric),
  always: titles.includes(metric),
}));
let states = new Map(),
  alertsOf = {};
view.marks = [];

// What the panels were drawn for last: when the server is away they may be of another span.
let striped = 0,
  restarts = [];
let drawnFor = JSON.stringify(when()),
  drawnAt = Date.now() / 1000;
const oldPanels = () =>
  drawnFor === JSON.stringify(when())
    ? ""
    : ` The panels still show what was chosen before, as of ${clock(drawnAt, view.zone)}.`;
const panels = panelLoader({
  main,
  specs,
  single,
  changed: (body) => {
    say("");
    const rowsShown = visible().length;
    if (rowsShown !== striped) {
      striped = rowsShown;
      strips();
    }
    [drawnFor, drawnAt] = [JSON.stringify(when()), body.end];
    showTitles();
    restarts = body.daemons[0]?.restarts ?? [];
    if (single) {
      daemonPage.table(body, view);
      daemonPage.marks(view.marks, restarts, view);
      showCosts(when(), view).catch(showError);
    }
  },
  failed: (error) => showError(error, oldPanels()),
  late: () => say(`The server has not answered yet.${oldPanels()}`),
  came: (row) => fillRow(row),
});
// All words of a row that is near the window; of the others what groups and search need.
function update(row) {
  const state = states.get(row.dataset.id);
  if (panels.isNear(row)) fillRow(row);
  else if (state) mark(row, state);
}
function fillRow(row) {
  const state = states.get(row.dataset.id);
  if (!state) return;
  fill(row, state, view.zone);
  known(row, alertsOf[row.dataset.id], { writable, zone: view.zone });
}
const { load, visible } = panels;
const strips = stripLoader(visible, view, lookingBack);
// Over rows of one line, which have no axis: what each line is. And how much of a young span is known.
function showTitles() {
  setTitles(specs.filter((spec) => spec.always || view.columns.has(spec.metric)).map(({ title }) => title));
  const young = byId("young");
  young.hidden = !view.begin || Boolean(view.zoom);
  if (!young.hidden) young.textContent = `${age(drawnAt - view.begin)} of samples so far`;
}
const redraw = () => {
  showTitles();
  if (single) daemonPage.links(when());
  strips();
  return panels.redraw();
};
const undrawn = () => load(visible().filter((row) => !row.drawn));
addEventListener("zoomed", (event) => {
  if (single) daemonPage.links(when());
  byId("unzoom").hidden = !event.detail;
  showPast();
});

// Rows in view whole and at once; the words of those near it in the next task: no key waits for them.
let due;
function updateAll(present) {
  const inView = new Set(visible()),
    later = [];
  for (const row of present.values()) {
    if (inView.has(row)) fillRow(row);
    else if (states.has(row.dataset.id)) {
      mark(row, states.get(row.dataset.id));
      if (panels.isNear(row)) later.push(row);
    }
  }
  clearTimeout(due);
  due = setTimeout(() => later.forEach(fillRow));
}

async function refresh() {
  const query = new URLSearchParams(when());
  if (single) query.set("daemon", rows()[0].dataset.id);
  const [{ body, same }, notes] = await Promise.all([ask("/api/v1/daemons"), ask(`/api/v1/marks?${query}`)]);
  if (!notes.same) {
    if (view.marks.length || notes.body.marks.length)
      rows().forEach((row) => {
        row.drawn = false;
      });
    view.marks = notes.body.marks;
    // Also while the row is out of view, and not drawn.
    if (single) daemonPage.marks(view.marks, restarts, view);
  }
  if (same && states.size) return;
  // Many daemons are judged by a background thread: asked again until that is done.
  if (body.reading) setTimeout(() => refresh().catch(showError), 1000);
  const present = new Map(rows().map((row) => [row.dataset.id, row]));
  if (!single && body.daemons.some((daemon) => !present.has(daemon.id))) {
    location.reload();
    return;
  }
  states = new Map(body.daemons.map((daemon, place) => [daemon.id, { ...daemon, place }]));
  alertsOf = body.alerts?.daemons ?? {};
  updateAll(present);
  if (single) await daemonPage.evidence(states.get(rows()[0].dataset.id), view);
  if (single) showBadge(body.alerts?.count ?? null);
  else {
    fleetLine(body.fleet, body.alerts);
    incidents(body.incidents ?? []);
    for (const [id, row] of present) if (!states.has(id)) gone(row);
  }
  if (arrange(states)) await undrawn();
}

// A daemon that the store no longer has.
function gone(row) {
  panels.forget(row);
  row.remove();
}

// Milliseconds between two requests: while the page is looked at, and while its tab is hidden.
const EVERY = Number(main.dataset.interval) * 1000,
  HIDDEN = 60_000;
let next;
async function tick() {
  clearTimeout(next);
  if (byId("live").checked) {
    try {
      await refresh();
      if (!document.hidden) await load(visible());
      fresh(view.zone);
      showPast();
    } catch (error) {
      showError(error, oldPanels());
      stale(view.zone);
    }
  }
  clearTimeout(next);
  next = setTimeout(tick, document.hidden ? HIDDEN : Number(main.dataset.interval) * 1000);
}
document.addEventListener("visibilitychange", () => {
  clearTimeout(next);
  if (document.hidden) next = setTimeout(tick, HIDDEN);
  else tick();
});

addEventListener("popstate", () => {
  recall();
  showControls();
  showFilters();
  writeTimes(document, view.zone);
  arrange(states, true);
  redraw();
});

keepView(() => toAddress(view, ""));
wireControls({
  redraw,
  unzoom: () => panels.zoom(null),
  retime: () => {
    rows().forEach(update);
    showHeard(view.zone);
  },
});
wireFilters(() => {
  arrange(states);
  undrawn();
});
wireOrders(main, () => refresh().catch(showError));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
// Once what the server wrote is painted: until then the reader waits for nothing that it has.
requestAnimationFrame(() => setTimeout(() => writeTimes(document, view.zone)));
if (single) daemonPage.notes(rows()[0].dataset.id, () => refresh().then(redraw).catch(showError));
const first = refresh();
// The server's order and groups stand until it says more; what the address filters is left out at once.
if (filtered()) arrange(states);
// On a daemon's own page the marks that the server drew stand until the script has them.
panels.start(single ? first : null);
showTitles();
strips();
first
  .then(() => fresh(view.zone))
  .then(() => view.marks.length && panels.repaint())
  .catch(showError);
next = setTimeout(tick, EVERY);
