// The page of alerts: times in the zone chosen, orders with the token, kept up to date.
import { ROOT } from "./ask.js";
import { showBadge } from "./badge.js";
import { keepView } from "./links.js";
import { writeTimes } from "./words.js";

const main = document.querySelector("main"),
  form = document.getElementById("who"),
  answerLine = document.getElementById("said");
const zone = new URLSearchParams(location.search).get("zone") ?? "local";
// Seconds of a silence; milliseconds between two requests: while it is looked at, while hidden.
const HOUR = 3600,
  EVERY = 10_000,
  HIDDEN = 60_000;
const name = form?.elements.by;
writeTimes(document, zone);
keepView(() => location.search);
try {
  if (name) name.value = localStorage.getItem("by") ?? "";
} catch {
  /* no storage here */
}

// The requests of a button: [path, method, body] each.
function requests(button) {
  const by = name?.value ?? "",
    comment = form.elements.comment.value,
    order = button.dataset.order;
  if (order === "unsilence") return [[`silences/${button.closest("[data-id]").dataset.id}`, "DELETE"]];
  const ids = button.closest("[data-ids]").dataset.ids.split(",");
  if (order === "ack") return ids.map((id) => [`alerts/${id}/ack`, "POST", { by, comment }]);
  if (order === "unack") return ids.map((id) => [`alerts/${id}/ack`, "DELETE"]);
  const match = Object.fromEntries(
    ["host", "service", "consumer", "rule"].map((part) => [part, button.dataset[part]]).filter(([, text]) => text),
  );
  return [["silences", "POST", { ...match, seconds: HOUR, by, comment }]];
}

main.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-order]");
  if (!button || !form.reportValidity()) return;
  try {
    if (name) localStorage.setItem("by", name.value);
  } catch {
    /* as above */
  }
  try {
    for (const [path, method, body] of requests(button)) {
      const answer = await fetch(`${ROOT}/api/v1/${path}`, {
        method,
        headers: { "Content-Type": "application/json", "X-Token": encodeURIComponent(form.elements.token.value) },
        body: body && JSON.stringify(body),
      });
      if (!answer.ok) throw new Error((await answer.json()).error?.message ?? `the server answered ${answer.status}`);
    }
    answerLine.textContent = "Done.";
    await renew();
  } catch (error) {
    answerLine.textContent = `Not done: ${error.message}`;
  }
});

// Only the sections are replaced, the form stays as it is; nothing moves under who is typing.
async function renew() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html"),
    next = page.querySelector("main");
  showBadge(Number(page.getElementById("open-alerts")?.textContent ?? 0));
  if (document.hidden || document.activeElement?.closest("#who")) return;
  writeTimes(next, zone);
  const renewed = next.querySelector("#who");
  if (form && renewed) {
    // What is typed stays; it is hidden while there is nothing to acknowledge or to silence.
    form.hidden = renewed.hidden;
    renewed.replaceWith(form);
  }
  main.replaceChildren(...next.childNodes);
}
let next;
async function tick() {
  clearTimeout(next);
  await renew().catch(() => {});
  next = setTimeout(tick, document.hidden ? HIDDEN : EVERY);
}
document.addEventListener("visibilitychange", () => {
  clearTimeout(next);
  if (document.hidden) next = setTimeout(tick, HIDDEN);
  else tick();
});
next = setTimeout(tick, EVERY);
