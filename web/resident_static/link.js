// A second phone, or somebody of the family: a code that works once, as a drawing, a link and letters.
import { call } from "./api.js";
import { button, el, say } from "./dom.js";
import { clock, word } from "./words.js";

export async function draw({ main, title, app }) {
  title.textContent = word("link.title");
  main.append(el("p", { text: word("link.why") }));
  try {
    const { code, expires_at: until } = await call("POST", "/home/links", {});
    const there = new URL(`#l=${encodeURIComponent(code)}`, document.baseURI.split("#")[0]).href;
    main.append(el("section", { class: "card code" }, await drawing(there), el("p", { class: "recovery", text: code, translate: "no" }),
      el("p", { text: word("link.until", { time: clock(until, app.city.timezone) }) })), share(there), el("p", { class: "hint", text: word("link.care") }));
  } catch (error) {
    app.trouble(error);
  }
}

/** The link as a QR code, drawn by the service; without it the letters do. */
async function drawing(there) {
  try {
    const answer = await fetch("qr", { method: "POST", body: there });
    if (!answer.ok) return "";
    const svg = await answer.text();
    return el("img", { class: "qr", alt: word("link.qr"), src: `data:image/svg+xml,${encodeURIComponent(svg)}` });
  } catch {
    return "";
  }
}

function share(there) {
  const copy = async () => {
    await navigator.clipboard.writeText(there);
    say(word("link.copied"));
  };
  return navigator.share ? button(word("link.share"), () => navigator.share({ url: there }).catch(() => {}), "second")
    : navigator.clipboard ? button(word("link.copy"), copy, "second") : "";
}
