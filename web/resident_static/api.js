// Calls to the service. The key goes in a header, never in an address.
import { CITY, kept } from "./keep.js";

const ROOT = new URL("../../api/v1/", document.baseURI);
const PATIENCE_MS = 15000;

/** What the service said no to: `status` 0 when it could not be reached. */
export class Refused extends Error {
  constructor(status, code, message, problems = []) {
    super(message);
    Object.assign(this, { status, code, problems });
  }
}

/** The address of something of this city, or of the whole service. */
export const address = (path) => new URL(`cities/${encodeURIComponent(CITY)}${path}`, ROOT).href;

/** The city itself; its call has no extra headers, so that the page's preload serves it. */
export async function readCity() {
  return answerOf(await reached(fetch(address(""))));
}

/** Call; the answer's JSON, or null for none. Raise Refused. */
export async function call(method, path, body = undefined, more = {}) {
  const headers = { ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (kept().key) headers.Authorization = `Bearer ${kept().key}`;
  const asked = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store" };
  return answerOf(await reached(fetch(address(path), { ...asked, signal: AbortSignal.timeout(PATIENCE_MS) })));
}

async function reached(asked) {
  try {
    return await asked;
  } catch (error) {
    throw new Refused(0, "unreachable", String(error));
  }
}

async function answerOf(answer) {
  const text = await answer.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (answer.ok) return body;
  const error = body?.error ?? {};
  throw new Refused(answer.status, error.code ?? "", error.message ?? answer.statusText, error.problems ?? []);
}

/** Follow the home's day: `on(event, data)` for each event, until `signal` ends it or the link breaks (then it returns). */
export async function follow(on, signal) {
  const headers = { Authorization: `Bearer ${kept().key}`, Accept: "text/event-stream" };
  const answer = await fetch(address("/home/live"), { headers, signal, cache: "no-store" });
  if (!answer.ok || !answer.body) return void (await answerOf(answer));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split(/\r?\n\r?\n/);
    rest = blocks.pop();
    for (const block of blocks) deliver(block, on);
  }
}

function deliver(block, on) {
  const lines = block.split(/\r?\n/);
  const field = (name) => lines.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim());
  const data = field("data").join("\n");
  on(field("event")[0] ?? "message", data ? JSON.parse(data) : null);
}
