// Conditional requests: an answer that has not changed costs a 304. Memory is bounded.
const answers = new Map();
const MAX_ANSWERS = 12;
// Milliseconds for a whole answer: a server that hangs is away, too.
const TIMEOUT = 10_000;

// Where this page's addresses begin: below a proxy's path or at "/".
export const ROOT = globalThis.document?.documentElement.dataset.root ?? "";

export async function ask(path) {
  const signal = AbortSignal.timeout(TIMEOUT);
  try {
    return await fetched(path, signal);
  } catch (error) {
    throw signal.aborted ? new Error(`the server has not answered for ${TIMEOUT / 1000} s`) : error;
  }
}

async function fetched(path, signal) {
  const known = answers.get(path);
  const response = await fetch(ROOT + path, {
    headers: known ? { "If-None-Match": known.tag } : {},
    cache: "no-store",
    signal,
  });
  if (response.status === 304 && known) return { body: known.body, same: true };
  if (!response.ok) {
    const refusal = await response.json().catch(() => null);
    throw new Error(refusal?.error?.message || `the server answered ${response.status}`);
  }
  const body = await response.json(),
    tag = response.headers.get("ETag");
  answers.delete(path);
  if (tag) answers.set(path, { tag, body });
  while (answers.size > MAX_ANSWERS) answers.delete(answers.keys().next().value);
  return { body, same: false };
}
