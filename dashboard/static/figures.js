// The figures of a row: a caption and a panel for each thing that is shown; as templates/figure.html.

const tag = (name, className, content) => {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (content !== undefined) made.textContent = content;
  return made;
};

function figure(row, { metric, title, unit, colour, stack, tied, starts }) {
  const made = tag("figure"),
    caption = tag("figcaption"),
    panel = tag("div", "panel"),
    whole = tag("button", "whole", "full scale");
  whole.type = "button";
  whole.hidden = true;
  caption.append(
    tag("span", `key ${stack ? "" : (colour ?? "pink")}`),
    tag("span", "", title),
    tag("small", "", unit),
    whole,
    tag("span", "at"),
  );
  panel.tabIndex = 0;
  panel.setAttribute("role", "img");
  panel.setAttribute("aria-label", `${title} of ${row.dataset.consumer}, ${unit}`);
  Object.assign(panel.dataset, { daemon: row.dataset.id, metric, title, unit });
  if (tied) {
    panel.dataset.tied = "1";
    made.className = starts ? "tied starts" : "tied";
  }
  made.append(caption, panel);
  return made;
}

const metricOf = (made) => made.querySelector(".panel").dataset.metric;

// The panels a row should have, built when it comes into view and when columns change.
export function build(row, specs, tied, columns) {
  const holder = row.querySelector(".panels");
  const wanted = [
    ...specs.filter((spec) => spec.always || columns.has(spec.metric)),
    ...tied.map((series, i) => ({ ...series, metric: `tied ${series.title}`, tied: true, starts: i === 0 })),
  ];
  const present = new Map([...holder.children].map((made) => [metricOf(made), made]));
  if (wanted.map(({ metric }) => metric).join("\n") === [...present.keys()].join("\n")) return;
  holder.replaceChildren(...wanted.map((spec) => present.get(spec.metric) ?? figure(row, spec)));
}
