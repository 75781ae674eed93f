// Other ways to be told: LINE where the city has it, e-mail, or another phone.
import { call } from "./api.js";
import { button, el, say } from "./dom.js";
import { word } from "./words.js";

export async function draw({ main, title, app }) {
  title.textContent = word("other.title");
  const { line, email } = app.city.channels ?? {};
  if (line) main.append(byLine(line, app));
  if (email) main.append(byMail(app));
  main.append(el("section", { class: "card" }, el("h2", { text: word("link.title") }), el("p", { text: word("other.phone") }),
    button(word("link.make"), () => app.go("link"), "second")));
  main.append(button(word("done.home"), () => app.go("done"), "main"));
}

function byLine(line, app) {
  const code = el("div", { role: "status" });
  const make = async () => {
    try {
      const made = await call("POST", "/home/links", {});
      code.replaceChildren(el("p", { text: word("line.send") }), el("p", { class: "recovery", text: made.code, translate: "no" }));
    } catch (error) {
      app.trouble(error);
    }
  };
  return el("section", { class: "card" }, el("h2", { text: word("line.title") }), el("ol", { class: "numbered" },
    el("li", {}, el("a", { href: line.add_url, rel: "noreferrer", text: word("line.add") })), el("li", {}, button(word("line.code"), make, "second"), code)));
}

function byMail(app) {
  const input = el("input", { type: "email", id: "mail", autocomplete: "email", required: true });
  const add = async (event) => {
    event.preventDefault();
    try {
      await call("POST", "/home/devices", { kind: "email", value: input.value.trim() });
      input.value = "";
      say(word("email.added"));
    } catch (error) {
      if (error.status === 422 || error.status === 400) say(word("email.wrong"), true);
      else app.trouble(error);
    }
  };
  return el("section", { class: "card" }, el("h2", { text: word("email.title") }), el("form", { on: { submit: add } },
    el("label", { for: "mail", text: word("email.label") }), el("p", { class: "hint", text: word("email.hint") }), input,
    el("button", { class: "button second", text: word("email.add") })));
}
