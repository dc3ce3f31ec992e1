// Which rows are shown and in which order: groups, the search, the filters, the sort.
import { remember, view } from "./view.js";
import { counted } from "./words.js";

const byId = (id) => document.getElementById(id),
  main = byId("main");
const FILTERS = ["host", "service", "consumer", "state"];
// The groups in their order; rows of the slim ones are one line each.
const GROUPS = ["attention", "silent", "unknown", "recovering", "well", "retired"],
  SLIM = ["silent", "well", "retired"];
export const rows = () => [...main.querySelectorAll(".row")];

// Nothing moves under a pointer or away from the focus.
const pointed = matchMedia("(hover: hover)");
const held = () =>
  (pointed.matches && main.matches(":hover")) ||
  Boolean(
    document.activeElement?.closest("#main .row")?.matches(":focus-within") &&
      document.activeElement.matches(":focus-visible"),
  );
let due = null;

// Rows by group, then by what is asked for; a group's rows of equal key by name.
function sorted(all, states) {
  if (!states.size) return all;
  const state = (row) => states.get(row.dataset.id);
  const keys = { worst: (row) => state(row)?.place ?? 0, backlog: (row) => -(state(row)?.backlog ?? 0), name: () => 0 };
  const keyOf = keys[view.sort] ?? keys.worst;
  // Read once a row: a thousand are compared ten thousand times.
  const keyed = all.map((row) => {
    const { group, id } = row.dataset;
    return { row, id, group: GROUPS.indexOf(group), key: keyOf(row) };
  });
  keyed.sort((a, b) => a.group - b.group || a.key - b.key || (a.id < b.id ? -1 : 1));
  return keyed.map(({ row }) => row);
}

function heading(group) {
  const found = main.querySelector(`.heading[data-group="${group}"]`);
  if (found) return found;
  const made = document.createElement("h2"),
    count = document.createElement("span");
  made.className = "heading";
  made.dataset.group = group;
  count.className = "count";
  made.append(count);
  return made;
}

// What the lines of the rows below are of; of large rows what their tints and marks are.
let titles = [];
function showTitles(title) {
  const cols = title.querySelector(".cols"),
    keys = title.querySelector(".keys");
  if (!SLIM.includes(title.dataset.group) || view.large) {
    cols?.remove();
    if (!keys) title.append(byId("keys").content.cloneNode(true));
    return;
  }
  keys?.remove();
  if (cols?.dataset.of === titles.join()) return;
  cols?.remove();
  const made = document.createElement("span");
  made.className = "cols";
  made.dataset.of = titles.join();
  made.setAttribute("aria-hidden", "true");
  made.append(...titles.map((text) => Object.assign(document.createElement("span"), { textContent: text })));
  title.append(made);
}
export function setTitles(list) {
  titles = list;
  main.querySelectorAll(".heading").forEach(showTitles);
}

// Each row in its group and size; true when one of them must be drawn again.
function regroup(all, states) {
  let changed = false;
  for (const row of all) {
    const group = states.get(row.dataset.id)?.group ?? row.dataset.group,
      size = SLIM.includes(group) && !view.large ? "slim" : "large";
    if (row.dataset.group !== group) row.dataset.group = group;
    if (row.dataset.size === size) continue;
    row.dataset.size = size;
    row.drawn = false;
    changed = true;
  }
  return changed;
}

function place(all) {
  const wanted = [],
    byGroup = new Map(GROUPS.map((group) => [group, []]));
  for (const row of all) byGroup.get(row.dataset.group).push(row);
  for (const [group, members] of byGroup) {
    const shown = members.filter((row) => !row.hidden).length;
    const title = heading(group);
    if (!members.length) {
      title.remove();
      continue;
    }
    title.hidden = !shown;
    showTitles(title);
    if (title.firstChild.textContent !== counted(group, shown)) title.firstChild.textContent = counted(group, shown);
    wanted.push(title, ...members);
  }
  if (wanted.some((node, i) => (i ? node.previousElementSibling !== wanted[i - 1] : !node.isConnected)))
    wanted.forEach((node) => main.insertBefore(node, byId("nomatch")));
}

function searched(row) {
  const { id, host, service, consumer, state } = row.dataset;
  return `${id} ${host} ${service} ${consumer} ${state} ${row.querySelector(".state").textContent}`.toLowerCase();
}

function hide(all) {
  const words = view.find.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of all) {
    const text = words.length ? searched(row) : "";
    row.hidden =
      !words.every((word) => text.includes(word)) ||
      FILTERS.some((name) => view[name].size && !view[name].has(row.dataset[name]));
  }
  byId("nomatch").hidden = all.length === 0 || all.some((row) => !row.hidden);
}

// states: what the server said last, by id, with each one's place in its order. Returns whether
// rows changed their size; while the pointer is over them they keep order and size.
export function arrange(states, atOnce = false) {
  if (!byId("nomatch")) return false;
  const all = rows();
  hide(all);
  if (!atOnce && held()) {
    due = states;
    return false;
  }
  due = null;
  const changed = regroup(all, states);
  place(sorted(all, states));
  return changed;
}

// Whether rows are left out.
export const filtered = () => view.find !== "" || FILTERS.some((name) => view[name].size);

const chosen = () => FILTERS.reduce((sum, name) => sum + (view[name].size ? 1 : 0), view.columns.size);
function showChosen() {
  const mark = byId("filtered");
  if (mark) {
    mark.textContent = ` ${chosen()}`;
    mark.hidden = !chosen();
  }
}

// What the address says, put into the fields.
export function showFilters() {
  for (const name of FILTERS) if (byId(name)) byId(name).value = [...view[name]][0] ?? "";
  if (byId("find")) byId("find").value = view.find;
  if (byId("sort")) byId("sort").value = view.sort;
  if (byId("large")) byId("large").checked = view.large;
  showChosen();
}

export function wireFilters(changed) {
  const act = () => {
    remember();
    showChosen();
    changed();
  };
  for (const name of FILTERS)
    byId(name)?.addEventListener("change", ({ target }) => {
      view[name] = new Set(target.value ? [target.value] : []);
      act();
    });
  byId("find")?.addEventListener("input", ({ target }) => {
    view.find = target.value;
    act();
  });
  byId("large")?.addEventListener("change", ({ target }) => {
    view.large = target.checked;
    act();
  });
  byId("sort")?.addEventListener("change", ({ target }) => {
    view.sort = target.value;
    act();
  });
  const release = () =>
    setTimeout(() => {
      if (due && !held()) changed();
    });
  main.addEventListener("pointerleave", release);
  main.addEventListener("focusout", release);
  showFilters();
}
