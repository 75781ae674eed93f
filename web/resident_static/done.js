// Signed up: the recovery code to print, and what comes next.
import { button, el, picture } from "./dom.js";
import { keep, kept } from "./keep.js";
import { subscribed } from "./push.js";
import { word } from "./words.js";

export async function draw({ main, title, app }) {
  keep({ draft: undefined, step: undefined });
  title.textContent = word("done.title");
  title.before(el("div", { class: "hero" }, picture("check", "huge good")));
  const pushes = await subscribed();
  main.append(el("p", { text: pushes ? word("done.pushes") : word("done.no_pushes") }), codeCard(),
    pushes ? button(word("test.try"), () => app.go("test"), "second") : "", button(word("done.home"), () => app.replace("home"), "main"));
}

/** The code, to print or write down; nothing where this device never had it. */
export function codeCard() {
  const code = kept().recovery;
  if (!code) return el("p", { class: "card", text: word("code.none") });
  return el("section", { class: "card code" }, el("h2", { text: word("code.title") }), el("p", { text: word("code.why") }),
    el("p", { class: "recovery", text: code, translate: "no" }), button(word("print"), () => window.print(), "second"));
}
