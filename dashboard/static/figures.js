// The figures of a row: a caption and a panel for each thing that is shown.

const tag = (name, className, content) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
};

function figure(row, { metric, title, unit, tied, starts }) {
  const made = tag("figure"), caption = tag("figcaption"), panel = tag("div", "panel");
  caption.append(tag("span", "key"), tag("span", "", title), tag("small", "", unit), tag("span", "at"));
  panel.tabIndex = 0;
  panel.setAttribute("role", "img");
  panel.setAttribute("aria-label", `${title} of ${row.dataset.consumer}, ${unit}`);
  Object.assign(panel.dataset, { daemon: row.dataset.id, metric, title, unit });
  if (tied) { panel.dataset.tied = "1"; made.className = starts ? "tied starts" : "tied"; }
  made.append(caption, panel);
  return made;
}

// The panels a row should have, built when it comes into view and when columns change.
export function build(row, specs, tied, columns) {
  const holder = row.querySelector(".panels");
  const wanted = [...specs.filter((one) => one.always || columns.has(one.metric)).map((one) => ({ ...one, key: one.metric })),
    ...tied.map((one, i) => ({ ...one, metric: `tied ${one.title}`, tied: true, starts: i === 0, key: `tied ${one.title}` }))];
  const key = wanted.map((one) => one.key).join("\n");
  if (row.built === key) return false;
  const old = new Map([...holder.children].map((one) => [one.querySelector(".panel")?.dataset.metric, one]));
  holder.replaceChildren(...wanted.map((one) => old.get(one.metric) ?? figure(row, one)));
  row.built = key;
  return true;
}
