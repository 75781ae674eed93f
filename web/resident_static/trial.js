// A test push: did it arrive? When not, help for the makers of phones that put apps to sleep.
import { call } from "./api.js";
import { button, el, picture } from "./dom.js";
import { kept } from "./keep.js";
import { onIphone, situation, subscribed } from "./push.js";
import { word } from "./words.js";

export async function draw({ main, title, app, arg }) {
  title.textContent = word("test.title");
  const device = arg ?? kept().device;
  if (!device || (!arg && !(await subscribed()))) {
    main.append(el("p", { text: word("test.none") }), situation(app) === "none" ? "" : button(word("push.allow"), () => app.go("edit", "push"), "main"));
    return undefined;
  }
  const answer = el("div", { class: "answers", role: "status" });
  const sendIt = button(word("test.send"), () => send(device, answer, app), "main");
  main.append(el("p", { text: word("test.why") }), sendIt, answer);
  const shown = ({ data }) => data?.shown && answer.append(el("p", { class: "good", text: word("test.shown") }));
  navigator.serviceWorker?.addEventListener("message", shown);
  return () => navigator.serviceWorker?.removeEventListener("message", shown);
}

async function send(device, answer, app) {
  try {
    await call("POST", `/home/devices/${encodeURIComponent(device)}/test`, {});
  } catch (error) {
    return app.trouble(error);
  }
  answer.replaceChildren(el("h2", { text: word("test.arrived") }), el("p", { text: word("test.wait") }),
    el("div", { class: "pair" }, button(word("yes"), () => good(answer, app), "second"), button(word("no"), () => help(answer), "second")));
}

function good(answer, app) {
  answer.replaceChildren(el("div", { class: "hero" }, picture("check", "huge good")), el("p", { text: word("test.good") }), button(word("done.home"), () => app.replace("home"), "main"));
}

/** First what helps on every phone, then by maker; the likely maker stands open. */
function help(answer) {
  const agent = navigator.userAgent;
  const makers = [
    ["Xiaomi, Redmi, POCO", /Xiaomi|Redmi|POCO|MIUI| M2\d{3}/i.test(agent), word("help.xiaomi")],
    ["Huawei, Honor", /Huawei|Honor/i.test(agent), word("help.huawei")],
    ["Oppo, realme, OnePlus", /Oppo|CPH\d|realme|OnePlus/i.test(agent), word("help.oppo")],
    ["Samsung Galaxy", /Samsung|SM-|SC-\d|SCG/i.test(agent), word("help.samsung")],
    ["Sharp AQUOS", /AQUOS|SH-\w|SHG|SHV/i.test(agent), word("help.sharp")],
    ["Sony Xperia", /Xperia|SO-\w|SOG|SOV/i.test(agent), word("help.sony")],
    ["iPhone", onIphone(), word("help.iphone")],
    [word("help.else.name"), false, word("help.else")],
  ];
  answer.replaceChildren(el("h2", { text: word("help.title") }), el("p", { text: word("help.first") }),
    ...makers.map(([name, open, text]) => el("details", { open }, el("summary", { text: name }), ...text.split("\n").map((line) => el("p", { text: line })))),
    el("p", { text: word("help.last") }));
}
