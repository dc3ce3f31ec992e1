// Which rows are in view, and which are near it.

// Pixels above and below the window in which rows are drawn, and beyond which they are let go.
export const MARGIN = 200;
const MARGIN_KEPT = 3000;

// came(row): near the window; entered([row]): about to be seen; left(row): far from the window.
export function watchRows({ came, entered, left }) {
  const seen = new Set(),
    near = new Set();
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) seen[isIntersecting ? "add" : "delete"](target);
      entered(entries.filter(({ isIntersecting }) => isIntersecting).map(({ target }) => target));
    },
    { rootMargin: `${MARGIN}px` },
  );
  const farWatcher = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        near[isIntersecting ? "add" : "delete"](target);
        (isIntersecting ? came : left)(target);
      }
    },
    { rootMargin: `${MARGIN_KEPT}px` },
  );
  const watchers = [watcher, farWatcher];
  return {
    seen,
    near,
    // Before the first frame nothing is known of where rows are: what is whole is near.
    isNear: (row) => near.has(row) || (near.size === 0 && !row.classList.contains("light")),
    watch: (row) => watchers.forEach((each) => each.observe(row)),
    forget: (row) => {
      watchers.forEach((each) => each.unobserve(row));
      seen.delete(row);
      near.delete(row);
    },
  };
}
