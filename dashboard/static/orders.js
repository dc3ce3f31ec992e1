// Acknowledge from a row: a dialog asks once for the name and the token; neither is stored.
import { ROOT } from "./ask.js";

const dialog = document.getElementById("order");
let ids = [],
  done = () => {};

async function send(form) {
  const body = JSON.stringify({ by: form.elements.by?.value ?? "", comment: form.elements.comment.value });
  const headers = { "Content-Type": "application/json", "X-Token": encodeURIComponent(form.elements.token.value) };
  for (const id of ids) {
    const answer = await fetch(`${ROOT}/api/v1/alerts/${id}/ack`, { method: "POST", headers, body });
    if (!answer.ok)
      throw new Error(
        (await answer.json().catch(() => null))?.error?.message ?? `the server answered ${answer.status}`,
      );
  }
}

// acknowledged: called when an order was taken.
export function wireOrders(main, acknowledged) {
  if (!dialog) return;
  done = acknowledged;
  const form = dialog.querySelector("form"),
    answerLine = dialog.querySelector("[role=status]");
  main.addEventListener("click", ({ target }) => {
    const button = target.closest("button.ack");
    if (!button) return;
    ids = button.dataset.ids.split(",");
    dialog.querySelector(".of").textContent = button.closest(".row").dataset.consumer;
    answerLine.textContent = "";
    dialog.showModal();
  });
  form.addEventListener("submit", async (event) => {
    if (event.submitter?.value === "cancel") return;
    event.preventDefault();
    try {
      await send(form);
      dialog.close();
      form.elements.comment.value = "";
      done();
    } catch (error) {
      answerLine.textContent = `Not acknowledged: ${error.message}`;
    }
  });
}
