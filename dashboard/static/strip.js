// The thin strip under each row: its verdicts over the span, and the one at the span's end.
import { ask } from "./ask.js";
import { when } from "./view.js";
import { plain, shortClock } from "./words.js";

// Rows in one request; milliseconds until the next when all is judged, when more is due, and after
// rows have come into view.
const MAX_ROWS = 60,
  EVERY = 30_000,
  SOON = 1000,
  REST = 250;
const NS = "http://www.w3.org/2000/svg";
// The higher, the worse: distinguishable without colours, too.
const HEIGHTS = { 0: 3, 1: 5, 2: 8, 3: 10 };
const known = (state) => state !== "UNKNOWN";

// Runs of the same severity as rectangles of a strip 1000 wide and 10 high; pure.
export function rectangles(runs, start, end) {
  const at = (time) => Math.round((1000 * (Math.min(Math.max(time, start), end) - start)) / (end - start));
  return runs.map(([from, to, state, severity]) => {
    const height = known(state) ? HEIGHTS[severity] : 10;
    return {
      x: at(from),
      width: Math.max(1, at(to) - at(from)),
      y: 10 - height,
      height,
      kind: known(state) ? String(severity) : "none",
    };
  });
}
// What was not well, in words: at most ``most`` of the newest; pure but for the clock's zone.
export function spoken(runs, zone, most = 3) {
  const ill = runs.filter(([, , state, severity]) => severity > 0 || !known(state));
  if (!ill.length) return runs.length ? "well all the time" : "not judged";
  const phrases = ill.slice(-most).map(([from, to, state]) => {
    const [begin, end] = [shortClock(from, zone), shortClock(to, zone)];
    return `${plain(state).toLowerCase()} ${begin === end ? `at ${end}` : `${begin} to ${end}`}`;
  });
  return (ill.length > most ? `${ill.length - most} more before; ` : "") + phrases.join("; ");
}

// begin: of a span that is not full yet, its first sample.
function draw(row, all, body, { zone, begin }) {
  const strip = row.querySelector(".strip"),
    start = begin ?? body.start,
    runs = all.filter(([, end]) => end > start);
  // Its place is kept while it is empty: nothing below moves.
  if (!runs.length) {
    strip.replaceChildren();
    return;
  }
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  rectangles(runs, start, body.end).forEach(({ kind, ...place }, i) => {
    const part = document.createElementNS(NS, "rect"),
      title = document.createElementNS(NS, "title");
    for (const [name, value] of Object.entries(place)) part.setAttribute(name, value);
    part.setAttribute("class", `v${kind}`);
    const [from, to, state] = runs[i];
    title.textContent = `${plain(state)}, ${shortClock(from, zone)} to ${shortClock(to, zone)}`;
    part.append(title);
    svg.append(part);
  });
  strip.setAttribute("role", "img");
  strip.setAttribute("aria-label", `Verdicts of ${row.dataset.consumer}: ${spoken(runs, zone)}`);
  strip.replaceChildren(svg);
}

// From the last moment judged to now the row's verdict holds, and the one before until it began; pure.
export function continued(runs, { state, severity, since }, end) {
  const [begin, last, ...before] = runs.at(-1),
    from = before[0] === state ? end : Math.min(Math.max(last, since), end);
  const known = [...runs.slice(0, -1), [begin, from, ...before]];
  return from < end ? [...known, [from, end, state, severity]] : known;
}
function upToNow(runs, row, body) {
  if (!runs.length || body.end < Date.now() / 1000 - 60 || body.end - runs.at(-1)[1] > 2 * body.every + 60) return runs;
  const { state, severity } = row.dataset,
    since = Number(row.querySelector(".since time")?.dataset.time) || 0;
  return continued(runs, { state, severity: Number(severity) || 0, since }, body.end);
}

// visible: the rows in view; looked: what is looked at; past: whether the span has ended.
export function stripLoader(visible, looked, past) {
  let timer,
    turn = 0;
  async function load() {
    clearTimeout(timer);
    const mine = (turn += 1),
      rows = looked.compact ? [] : visible().slice(0, MAX_ROWS);
    timer = setTimeout(load, rows.length ? EVERY : SOON);
    if (!rows.length || document.hidden) return;
    const query = new URLSearchParams(when());
    rows.forEach((row) => query.append("daemon", row.dataset.id));
    try {
      const { body } = await ask(`/api/v1/verdicts?${query}`);
      if (mine !== turn) return;
      const runs = new Map(body.daemons.map((daemon) => [daemon.id, daemon.verdicts]));
      for (const row of rows) {
        const shown = upToNow(runs.get(row.dataset.id) ?? [], row, body);
        draw(row, shown, body, looked);
        const last = past() ? shown.at(-1) : null,
          then = row.querySelector(".then");
        then.textContent = last ? `${plain(last[2]).toLowerCase()} at ${shortClock(last[1], looked.zone)}` : "";
      }
      clearTimeout(timer);
      timer = setTimeout(load, body.complete ? EVERY : SOON);
    } catch {
      /* The page's own requests say that the server is away. */
    }
  }
  // Soon: rows come into view one after another.
  return () => {
    clearTimeout(timer);
    timer = setTimeout(load, REST);
  };
}
