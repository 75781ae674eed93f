// The phones and addresses of this home: which there are, trying one, removing one.
import { call } from "./api.js";
import { button, el, picture } from "./dom.js";
import { keep, kept } from "./keep.js";
import { unsubscribe } from "./push.js";
import { word } from "./words.js";

export async function draw({ main, title, app }) {
  title.textContent = word("devices.title");
  try {
    const { devices } = await call("GET", "/home");
    main.append(devices.length ? el("ul", { class: "menu" }, ...devices.map((device) => row(device, app))) : el("p", { text: word("devices.none") }));
  } catch (error) {
    app.trouble(error);
  }
  main.append(el("div", { class: "ways" }, button(word("link.title"), () => app.go("link"), "second"), button(word("other.title"), () => app.go("other"), "second")));
}

function kindOf(device) {
  if (device.kind === "email") return word("devices.email");
  if (device.kind === "line") return word("devices.line");
  return device.id === kept().device ? word("devices.this") : word("devices.push");
}

function row(device, app) {
  const name = kindOf(device);
  const test = button(word("test.title"), () => app.go("test", device.id), "small", { "aria-label": word("devices.test", { name }) });
  const drop = button(word("devices.remove"), () => remove(device, app), "small danger", { "aria-label": word("devices.remove.of", { name }) });
  return el("li", { class: "device" }, picture(device.kind === "email" ? "letter" : "phone"),
    el("span", { class: "choice-words" }, el("b", { text: name }), el("small", { text: device.name })), el("span", { class: "acts" }, test, drop));
}

async function remove(device, app) {
  try {
    await call("DELETE", `/home/devices/${encodeURIComponent(device.id)}`);
    if (device.id === kept().device) {
      await unsubscribe().catch(() => {});
      keep({ device: undefined });
    }
    await app.replace("devices");
  } catch (error) {
    app.trouble(error);
  }
}
