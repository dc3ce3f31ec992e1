// Which rows are in view, the series they need, and their panels drawn from the answer.
import { ask } from "./ask.js";
import { build } from "./figures.js";
import { caption, discard, draw, measure, ready, relayout } from "./panels.js";
import { bounded, remember, view, when } from "./view.js";

// A request's address has a bound, and the first rows need not wait for the last.
const MAX_ROWS = 40;
// Pixels above and below the window in which rows are drawn as well.
const MARGIN = 200;
// Milliseconds that a zoom rests before finer steps are asked for.
const REST = 250;
// Spans in which restarts are asked for: on longer ones they are too many to read.
const SHORT_SPANS = ["now", "hour"];

const tiedTo = (row) => row.ties ??= JSON.parse(row.dataset.tied || "[]");
const panelsOf = (row) => row.querySelectorAll(".panel");

function request(wanted, specs, single) {
  const query = new URLSearchParams(when());
  wanted.forEach((row) => query.append("daemon", row.dataset.id));
  const shown = specs.filter((spec) => spec.always || view.columns.has(spec.metric));
  const metrics = shown.filter((spec) => spec.metric !== "topics").flatMap((spec) => [spec.metric, ...spec.also]);
  query.set("metrics", [...new Set(metrics)].join(","));
  if (specs.some((spec) => spec.metric === "topics")) query.set("topics", "1");
  if (wanted.some((row) => tiedTo(row).length)) query.set("tied", "1");
  if (single || SHORT_SPANS.includes(view.span)) query.set("restarts", "1");
  if (!view.compact) query.set("usual", "1");
  return `/api/v1/series?${query}`;
}

// changed(body): after drawing; failed(error): when the server did not answer.
export function panelLoader({ main, specs, single, changed, failed }) {
  const rows = () => [...main.querySelectorAll(".row")];
  const seen = new Set(), waiting = new Set();
  let turn = 0, finer;

  const watcher = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) { seen.delete(target); continue; }
      seen.add(target);
      if (!target.drawn && !target.asked) waiting.add(target);
    }
    if (waiting.size) load([...waiting]);
  }, { rootMargin: `${MARGIN}px` });

  async function load(wanted) {
    for (const row of wanted) {
      waiting.delete(row);
      build(row, specs, view.compact ? [] : tiedTo(row), view.compact ? new Set() : view.columns);
    }
    for (let i = 0; i < wanted.length; i += MAX_ROWS) await loadPart(wanted.slice(i, i + MAX_ROWS));
  }

  async function loadPart(wanted) {
    const mine = turn;
    try {
      wanted.forEach((row) => { row.asked = true; });
      const { body, same } = await ask(request(wanted, specs, single));
      if (!view.compact) await ready;
      if (mine !== turn) return;
      show(wanted.filter((row) => !(same && row.drawn)), body);
      changed(body);
    } catch (error) {
      wanted.forEach((row) => { row.classList.toggle("failed", !row.drawn); row.drawn = false; });
      failed(error);
    } finally { wanted.forEach((row) => { row.asked = false; }); }
  }

  function show(due, body) {
    const answers = new Map(body.daemons.map((daemon) => [daemon.id, daemon]));
    const each = (act) => due.forEach((row) => panelsOf(row).forEach((panel) => act(panel, answers.get(row.dataset.id))));
    due.forEach((row) => { row.drawn = true; row.classList.remove("failed"); });
    each(measure);
    each((panel, daemon) => draw(panel, body, daemon, view, zoom));
    // Words after the charts: each would have the page laid out again for the next chart.
    each((panel, daemon) => caption(panel, daemon, view));
    const { dataset } = document.body;
    dataset.at = String(performance.now());
    dataset.first ??= dataset.at;
    dataset.drawn = String(Number(dataset.drawn || 0) + 1);
  }

  // What is in view to begin with, without waiting for the watcher: it waits for the first frame.
  function start() {
    const end = innerHeight + MARGIN, wanted = [];
    for (const row of rows()) {
      if (row.hidden) continue;
      if (row.getBoundingClientRect().top > end) break;
      wanted.push(row);
    }
    if (wanted.length) load(wanted);
    rows().forEach((row) => watcher.observe(row));
  }

  const visible = () => [...seen].filter((row) => !row.hidden);
  function redraw() {
    turn += 1;
    rows().forEach((row) => { row.drawn = false; });
    return load(visible());
  }

  // At once with what is there; then, when the hand rests, with the finer steps of the store.
  function zoom(range) {
    view.zoom = range && bounded(range);
    remember();
    dispatchEvent(new CustomEvent("zoomed", { detail: view.zoom }));
    relayout(main, view);
    clearTimeout(finer);
    finer = setTimeout(redraw, REST);
  }

  // A row that leaves the page.
  function forget(row) {
    watcher.unobserve(row);
    seen.delete(row);
    waiting.delete(row);
    discard(row);
  }
  return { forget, load, redraw, start, visible, zoom };
}
