// Which rows are in view, the series they need, and their panels drawn from the answer.
import { ask } from "./ask.js";
import { build } from "./figures.js";
import { drawRow, letGo, redrawRow, relabelRow, roomOf } from "./panels.js";
import { watchPointers } from "./pointing.js";
import { complete } from "./rows.js";
import { askAtOnce, request, tiedTo } from "./series.js";
import { beginOf } from "./span.js";
import { bounded, remember, view } from "./view.js";
import { MARGIN, watchRows } from "./watching.js";

// Rows in one request: its address has a bound, and drawing them is one task of the browser.
const MAX_ROWS = 20;
// Milliseconds that a zoom rests before finer steps are asked for.
const REST = 250;
// Milliseconds after which it is said that the panels are still the ones of before.
const LATE = 2000;
// changed(body): after drawing; failed(error): when the server did not answer; late(): when it takes
// long; came(row): near the window.
export function panelLoader({ main, specs, single, changed, failed, late, came }) {
  const rows = () => [...main.querySelectorAll(".row")];
  const drawn = () => rows().filter((row) => row.drawn);
  const waiting = new Set();
  let turn = 0,
    finer,
    size = null,
    marksLoaded = null;
  const { seen, near, isNear, ...watched } = watchRows({
    came,
    entered: (inView) => {
      inView.filter((row) => !row.drawn && !row.asked).forEach((row) => waiting.add(row));
      if (waiting.size) load([...waiting]);
    },
    left: (row) => row.drawn && letGo(row),
  });

  const buildRow = (row) => {
    complete(row);
    build(row, specs, view.compact ? [] : tiedTo(row), view.columns);
  };
  async function load(wanted) {
    wanted.forEach((row) => {
      waiting.delete(row);
      buildRow(row);
    });
    for (let i = 0; i < wanted.length; i += MAX_ROWS) await loadPart(wanted.slice(i, i + MAX_ROWS));
    // Whoever scrolls on while an answer travels has left its rows: nobody would let go of them.
    if (near.size) wanted.filter((row) => row.drawn && !near.has(row)).forEach(letGo);
  }

  async function loadPart(wanted) {
    const mine = turn;
    try {
      wanted.forEach((row) => {
        row.asked = true;
      });
      const [{ body, same }] = await Promise.all([ask(request(wanted, specs, single)), marksLoaded]);
      marksLoaded = null;
      if (mine !== turn) return;
      show(
        wanted.filter((row) => !(same && row.drawn && row.answer)),
        body,
      );
      changed(body);
    } catch (error) {
      wanted.forEach((row) => {
        row.classList.toggle("failed", !row.drawn);
        row.drawn = false;
      });
      failed(error);
    } finally {
      wanted.forEach((row) => {
        row.asked = false;
      });
    }
  }

  function show(due, body) {
    const answers = new Map(body.daemons.map((daemon) => [daemon.id, daemon]));
    const begin = beginOf(body, view.firstSample),
      moved = begin.time !== view.begin;
    view.firstSample = begin.firstSample;
    view.begin = begin.time;
    size ??= roomOf(main.querySelector(".panel"));
    for (const row of due) {
      row.drawn = true;
      drawRow(row, body, answers.get(row.dataset.id), view, size);
    }
    // A row with older samples came into view: one axis for all.
    if (moved)
      drawn()
        .filter((row) => !due.includes(row))
        .forEach((row) => redrawRow(row, view, size));
    const { dataset } = document.body;
    dataset.at = String(performance.now());
    dataset.first ??= dataset.at;
    dataset.drawn = String(Number(dataset.drawn || 0) + 1);
  }

  // What the server has drawn stands; its words of time are put into the reader's zone once they
  // are painted: before, the page would be laid out twice.
  function adopt() {
    const ready = rows().filter((row) => row.querySelector(".panels[data-range]"));
    for (const row of ready) {
      const [from, to, first] = row.querySelector(".panels").dataset.range.split(" ").map(Number);
      row.drawn = true;
      row.range = [from, to];
      view.begin = view.firstSample = first || undefined;
    }
    if (!ready.length) return false;
    document.body.dataset.first ??= String(performance.now());
    requestAnimationFrame(() =>
      setTimeout(() => {
        size ??= roomOf(main.querySelector(".panel"));
        for (const row of ready) if (!row.answer) relabelRow(row, row.range, view, size);
      }),
    );
    return true;
  }

  // What is in view to begin with, without waiting for the watcher: it waits for the first frame.
  // marks: a promise of what is drawn beside the series.
  function start(marks) {
    marksLoaded = marks?.catch(() => {}) ?? null;
    const adopted = adopt(),
      end = innerHeight + MARGIN,
      wanted = [];
    for (const row of rows()) {
      if (row.hidden || (row.drawn && !single && !tiedTo(row).length)) continue;
      // Where a row is, is known only once the page is laid out: the watcher will tell of the others.
      if (adopted ? !row.drawn : row.getBoundingClientRect().top > end) break;
      wanted.push(row);
    }
    if (wanted.length) load(wanted);
    rows().forEach(watched.watch);
    watchPointers(main, { rows: () => [...seen], zoom, load, redraw: (row) => redrawRow(row, view, size) });
    new ResizeObserver(resized).observe(main);
  }

  function resized() {
    const panel = main.querySelector(".row .panel");
    const now = roomOf(panel);
    if (size && panel && now.room !== size.room) {
      size = now;
      repaint();
    }
  }
  const repaint = () => drawn().forEach((row) => redrawRow(row, view, size));

  const visible = () => [...seen].filter((row) => !row.hidden);
  function redraw() {
    turn += 1;
    view.begin = view.firstSample = undefined;
    rows().forEach((row) => {
      row.drawn = false;
    });
    const waits = setTimeout(late, LATE);
    return load(visible()).finally(() => clearTimeout(waits));
  }

  // At once with what is there; then, when the hand rests, with the finer steps of the store.
  function zoom(range) {
    view.zoom = range && bounded(range);
    remember();
    dispatchEvent(new CustomEvent("zoomed", { detail: view.zoom }));
    visible().forEach((row) => redrawRow(row, view, size));
    clearTimeout(finer);
    finer = setTimeout(redraw, REST);
  }

  // Every row is on paper, also those that nobody has looked at.
  function print() {
    const missing = rows().filter((row) => !row.hidden && !row.drawn);
    for (let i = 0; i < missing.length; i += MAX_ROWS) {
      const part = missing.slice(i, i + MAX_ROWS);
      part.forEach((row) => {
        buildRow(row);
        came(row);
      });
      const body = askAtOnce(request(part, specs, single));
      if (body) show(part, body);
    }
  }
  addEventListener("beforeprint", print);

  // A row that leaves the page.
  function forget(row) {
    watched.forget(row);
    waiting.delete(row);
    letGo(row);
  }
  return { forget, isNear, load, redraw, repaint, start, visible, zoom };
}
