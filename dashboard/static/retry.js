// The store was away: asked again until it answers, then loaded again.
const EVERY = 5000;

async function again() {
  const away = await fetch(location.href, { cache: "no-store" }).then(
    (response) => response.status === 503,
    () => true,
  );
  if (away) setTimeout(again, EVERY);
  else location.reload();
}
setTimeout(again, EVERY);
