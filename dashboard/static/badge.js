// What a tab says that nobody looks at: the number of open alerts, in its title and its icon.
const byId = (id) => document.getElementById(id);
const title = document.title.replace(/^\([^)]*\) /, ""),
  icon = document.querySelector("link[rel=icon]");
const calm = icon.href.replace("icon-alert.svg", "icon.svg"),
  alarmed = calm.replace("icon.svg", "icon-alert.svg");

// count: causes that nobody has acknowledged; null: not known, then ``other`` is counted.
export function showBadge(count, other = 0) {
  const open = byId("open-alerts"),
    number = count ?? other;
  if (open && count !== null) {
    open.textContent = count || "";
    open.hidden = !count;
  }
  const wanted = number ? `(${number}) ${title}` : title;
  if (document.title !== wanted) document.title = wanted;
  const address = number ? alarmed : calm;
  if (icon.href !== address) icon.href = address;
}
export function showNoNews() {
  document.title = `(no news) ${title}`;
}
