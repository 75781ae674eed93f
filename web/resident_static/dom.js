// Making elements without a template: text is always text, so nothing that a server says can become markup.

/** Make an element. `props`: `class`, `text`, `on` (handlers), `data`; `true` sets a bare attribute, null leaves one out. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "value") node.value = value;
    else if (name === "checked") node.checked = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** A drawing of pictograms.svg; it says nothing to a screen reader, so words always stand beside it. */
export function picture(name, extra = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `picture ${extra}`);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", "0 0 24 24");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `assets/pictograms.svg#${name}`);
  svg.append(use);
  return svg;
}

/** A button that says that it works, and cannot be pressed twice meanwhile. */
export function button(text, act, look = "", props = {}) {
  const made = el("button", { type: "button", class: `button ${look}`, text, ...props });
  made.addEventListener("click", async (event) => {
    if (made.getAttribute("aria-busy") === "true") return;
    made.setAttribute("aria-busy", "true");
    try {
      await act(event);
    } finally {
      made.removeAttribute("aria-busy");
    }
  });
  return made;
}

/** One of several answers, or one that may be ticked: a large label around its own input. */
export function choice({ type, name, value, checked, label, note = null, image = null, lang = null, onchange }) {
  const input = el("input", { type, name, value, checked, on: { change: () => onchange(input) } });
  const words = el("span", { class: "choice-words" }, el("b", { text: label, lang }), note && el("small", { text: note }));
  return el("label", { class: "choice" }, input, image && pictogram(image), words);
}

/** A waste type's pictogram as the city's file has it: the name of one of ours, or a character of its own. */
export function pictogram(name) {
  return /^[a-z][a-z-]*$/.test(name) ? picture(name) : el("span", { class: "picture glyph", "aria-hidden": "true", text: name });
}

/** Say something once to a screen reader, and to the eye for a while. */
export function say(text, bad = false) {
  const place = document.getElementById(bad ? "trouble" : "said");
  place.textContent = text;
  place.hidden = !text;
  clearTimeout(say.timer);
  if (!bad) say.timer = setTimeout(() => { place.textContent = ""; place.hidden = true; }, 8000);
}
