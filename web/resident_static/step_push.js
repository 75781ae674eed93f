// The last question: may we send notifications? Explained before the browser asks; on an iPhone the home screen comes first.
import { call } from "./api.js";
import { button, el, picture } from "./dom.js";
import { allow, situation } from "./push.js";
import { word } from "./words.js";

/** The question. */
export const push = {
  title: () => word("push.title"),
  own: true,
  async draw({ body, app, editing }) {
    app.after = editing ? "home" : "done";
    const state = situation(app);
    if (state === "iphone") return iphone(body, app);
    if (state === "denied") return denied(body, app);
    if (state !== "ready") return without(body, app, state);
    body.append(el("div", { class: "hero" }, picture("bell", "huge")), el("p", { text: word("push.why") }),
      el("p", { class: "hint", text: word("push.asks") }),
      button(word("push.allow"), () => ask(body, app), "main"), ...others(app));
  },
};

async function ask(body, app) {
  try {
    if (await allow(app)) return app.go(app.after);
    body.replaceChildren();
    return denied(body, app);
  } catch (error) {
    if ("status" in error) return app.trouble(error);
    console.error(error);
    body.replaceChildren();
    return without(body, app, "none");
  }
}

function others(app) {
  return [el("div", { class: "ways" }, button(word("push.other"), () => app.go("other"), "second"),
    button(word("push.skip"), () => app.go(app.after), "link"))];
}

function denied(body, app) {
  body.append(el("div", { class: "card warn" }, el("h2", { text: word("push.denied.title") }), el("p", { text: word("push.denied.help") })),
    button(word("push.again"), () => ask(body, app), "second"), ...others(app));
}

function without(body, app, state) {
  const why = state === "insecure" ? word("push.insecure") : word("push.none");
  body.append(el("p", { text: why }), ...others(app));
}

/** An iPhone gets web push only from its home screen. The address takes a one-time code there, so that nothing is asked twice. */
async function iphone(body, app) {
  const steps = [word("iphone.share"), word("iphone.add"), word("iphone.open")];
  body.append(el("p", { text: word("iphone.why") }), el("ol", { class: "numbered" }, ...steps.map((text) => el("li", { text }))), ...others(app));
  try {
    const { code } = await call("POST", "/home/links", {});
    document.querySelector("link[rel=manifest]").href = "app.webmanifest?start=here";
    history.replaceState(history.state, "", `#l=${encodeURIComponent(code)}`);
  } catch (error) {
    app.trouble(error);
  }
}
