// The page of alerts: times as here, orders with the token, anew when something has changed.
import { ROOT } from "./ask.js";
import { clock } from "./words.js";

const main = document.querySelector("main"), form = document.getElementById("who"), said = document.getElementById("said");
for (const one of document.querySelectorAll("time")) one.textContent = clock(Number(one.dataset.time), "local");
try { form && (form.elements.by.value = localStorage.getItem("by") ?? ""); } catch { /* no storage here */ }

const HOUR = 3600;
function order(button) {
  const id = button.closest("[data-id]").dataset.id, by = form.elements.by.value, comment = form.elements.comment.value;
  const at = { ack: `alerts/${id}/ack`, unack: `alerts/${id}/ack`, silence: "silences", unsilence: `silences/${id}` }[button.dataset.deed];
  if (button.dataset.deed.startsWith("un")) return [at, "DELETE"];
  if (button.dataset.deed === "ack") return [at, "POST", { by, comment }];
  const match = Object.fromEntries(["host", "service", "consumer", "rule"].map((part) => [part, button.dataset[part]]).filter(([, text]) => text));
  return [at, "POST", { ...match, seconds: HOUR, by, comment }];
}

main.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-deed]");
  if (!button) return;
  if (!form.reportValidity()) return;
  try { localStorage.setItem("by", form.elements.by.value); } catch { /* as above */ }
  const [at, method, body] = order(button);
  try {
    const answer = await fetch(`${ROOT}/api/v1/${at}`, { method, headers: { "Content-Type": "application/json", "X-Token": form.elements.token.value }, body: body && JSON.stringify(body) });
    if (answer.ok) { said.textContent = "Done."; await renew(); } else said.textContent = (await answer.json()).error?.message ?? `Not done: ${answer.status}`;
  } catch (error) { said.textContent = `Not done: ${error.message}`; }
});

// Only the sections are replaced, the form stays as it is; nothing moves under who is typing.
async function renew() {
  const answer = await fetch(location.href);
  if (!answer.ok || document.activeElement?.closest("#who")) return;
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  for (const one of next.querySelectorAll("time")) one.textContent = clock(Number(one.dataset.time), "local");
  if (form) next.querySelector("#who")?.replaceWith(form);
  main.replaceChildren(...next.childNodes);
}
setInterval(() => document.hidden || renew().catch(() => {}), 10000);
