// The recovery code: showing it, and getting a home back with it or with another phone's link.
import { call } from "./api.js";
import { button, el, say } from "./dom.js";
import { keep, kept } from "./keep.js";
import { codeCard } from "./done.js";
import { word } from "./words.js";

export async function draw({ main, title, app, screen, arg }) {
  if (screen === "code") {
    title.textContent = word("code.title");
    return void main.append(codeCard());
  }
  title.textContent = word("recover.title");
  if (arg?.link) return joining(main, title, app, arg.link);
  const input = el("input", { id: "recovery", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: "80", required: true });
  const enter = async (event) => { event.preventDefault(); await take(app, input.value.trim()); };
  main.append(el("form", { on: { submit: enter } }, el("label", { for: "recovery", text: word("recover.label") }),
    el("p", { class: "hint", text: word("recover.hint") }), input, el("button", { class: "button main", text: word("recover.go") })),
  button(word("back"), () => app.back("signup"), "plain"));
}

/** A code that works once for ten minutes comes from a phone or a family member; it is long or short as the service makes it. */
async function take(app, code) {
  try {
    const got = await call("POST", "/recover", { recovery_code: code, erase: false });
    keep({ key: got.key, recovery: code });
  } catch (error) {
    if (!wrong(error)) return app.trouble(error);
    return join(app, code);
  }
  return arrived(app);
}

const wrong = ({ status }) => [400, 401, 403, 404, 410, 422].includes(status);

async function join(app, code) {
  try {
    const { key } = await call("POST", "/links", { code });
    keep({ key });
  } catch (error) {
    return wrong(error) ? say(word("recover.wrong"), true) : app.trouble(error);
  }
  return arrived(app);
}

/** From a link: one press, so that no preview of a message uses the code up. */
function joining(main, title, app, code) {
  title.textContent = word("join.title");
  main.append(el("p", { text: word("join.why") }), button(word("join.go"), () => join(app, code), "main"), button(word("join.no"), () => app.replace("signup", "place"), "plain"));
}

async function arrived(app) {
  history.replaceState(history.state, "", location.pathname);
  const { devices, ...form } = await call("GET", "/home");
  keep({ form, devices, draft: undefined });
  const { noteForWorker } = await import("./main.js");
  await noteForWorker();
  return kept().device ? app.replace("home") : app.replace("signup", "push");
}
