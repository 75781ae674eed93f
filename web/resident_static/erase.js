// Deleting everything: here, and at the service.
import { call } from "./api.js";
import { button, el, say } from "./dom.js";
import { forget, tellWorker } from "./keep.js";
import { unsubscribe } from "./push.js";
import { word } from "./words.js";

export async function draw({ main, title, app }) {
  title.textContent = word("erase.title");
  main.append(el("p", { text: word("erase.what") }), button(word("erase.go"), () => erase(app), "main danger"), button(word("back"), () => app.back("settings"), "plain"));
}

async function erase(app) {
  try {
    await call("DELETE", "/home");
  } catch (error) {
    if (error.status !== 401) return app.trouble(error);
  }
  await unsubscribe().catch(() => {});
  forget();
  await tellWorker(null).catch(() => {});
  await app.replace("signup", "place");
  return say(word("erase.done"));
}
