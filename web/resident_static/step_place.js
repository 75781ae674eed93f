// The first question: where the bags are put out. By typing, by "where I am now", or by a pin where the city has a map.
import { call } from "./api.js";
import { button, el, picture } from "./dom.js";
import { keep, kept } from "./keep.js";
import { word } from "./words.js";

const PAUSE_MS = 250;
const FEWEST = 1;

/** The question. */
export const place = {
  title: () => word("place.title"),
  ready: (form) => Boolean(form.place),
  draw({ body, app, form, change, next, editing }) {
    const chosen = el("div", { class: "chosen", role: "status" });
    const found = el("ul", { class: "found", "aria-label": word("place.found.label") });
    const count = el("p", { class: "hint", role: "status" });
    const choose = (one, exact = null) => {
      change(wishOf(one, exact));
      keep({ placeName: exact ? word("place.spot") : one.name });
      found.replaceChildren();
      count.textContent = "";
      showChosen(chosen, form);
      next.focus();
    };
    const offer = (places, spot = null) => list(found, count, places, spot, choose);
    showChosen(chosen, form);
    body.append(search(offer, app), chosen, count, found, ways(app, offer, choose));
    if (editing) body.prepend(el("p", { class: "hint", text: word("place.change.hint") }));
  },
};

/** What a home form says of a place; a street or a block becomes a pin, for its own id means nothing to a truck. */
function wishOf(one, exact) {
  if (exact) return { place: { kind: "pin", lat: exact.lat, lon: exact.lon }, zone: one?.zone ?? null };
  if (one.kind === "point") return { place: { kind: "point", point: one.id, lat: one.lat, lon: one.lon }, zone: one.zone };
  const placed = one.kind !== "zone" && Number.isFinite(one.lat);
  return { place: placed ? { kind: "pin", lat: one.lat, lon: one.lon } : { kind: "zone", zone: one.zone }, zone: one.zone };
}

function showChosen(node, form) {
  const name = form.place && kept().placeName;
  node.replaceChildren(...(name ? [picture("pin"), el("span", { text: word("place.chosen") }), el("b", { text: name })] : []));
  node.classList.toggle("empty", !name);
}

function search(offer, app) {
  let timer = 0;
  let asked = 0;
  const look = async () => {
    const q = input.value.trim();
    const mine = ++asked;
    if (q.length < FEWEST) return offer(null);
    try {
      const answer = await call("POST", "/places", { q });
      if (mine === asked) offer(answer.places);
    } catch (error) {
      app.trouble(error);
    }
  };
  const soon = () => { clearTimeout(timer); timer = setTimeout(look, PAUSE_MS); };
  const input = el("input", { id: "where", type: "search", autocomplete: "off", maxlength: "80", enterkeyhint: "search",
    spellcheck: "false", "aria-describedby": "where-hint", on: { input: soon } });
  const form = el("form", { role: "search", on: { submit: (event) => { event.preventDefault(); look(); } } },
    el("label", { for: "where", text: word("place.label") }),
    el("p", { class: "hint", id: "where-hint", text: word("place.hint") }), input);
  return form;
}

function list(found, count, places, spot, choose) {
  if (places === null) { found.replaceChildren(); count.textContent = ""; return; }
  const rows = places.map((one) => row(one.name, kindName(one.kind), () => choose(one)));
  if (spot) rows.unshift(row(word("place.spot"), word("place.spot.note"), () => choose(places[0], spot)));
  found.replaceChildren(...rows);
  count.textContent = places.length ? word("place.found", { n: places.length }) : word("place.none");
}

function row(name, note, act) {
  return el("li", {}, el("button", { type: "button", class: "row", on: { click: act } }, picture("pin"),
    el("span", { class: "choice-words" }, el("b", { text: name }), el("small", { text: note }))));
}

function kindName(kind) {
  if (kind === "zone") return word("place.kind.zone");
  if (kind === "point") return word("place.kind.point");
  return kind === "street" ? word("place.kind.street") : word("place.kind.block");
}

function ways(app, offer, choose) {
  const here = "geolocation" in navigator && isSecureContext;
  const map = app.city.base_map && document.documentElement.dataset.leaflet;
  const around = async (spot) => {
    try {
      const { places } = await call("POST", "/places", spot);
      offer(places, spot);
    } catch (error) {
      app.trouble(error);
    }
  };
  const holder = el("div");
  return el("div", { class: "ways" }, here && button(word("place.here"), () => whereNow(app, around), "second"),
    map && button(word("place.map"), () => pin(app, holder, around), "second"), holder);
}

function whereNow(app, around) {
  const { promise, resolve } = Promise.withResolvers?.() ?? deferred();
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => resolve(around({ lat: coords.latitude, lon: coords.longitude })),
    () => resolve(import("./dom.js").then(({ say }) => say(word("place.here.no"), true))),
    { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
  );
  return promise;
}

function deferred() {
  const made = {};
  made.promise = new Promise((resolve) => { made.resolve = resolve; });
  return made;
}

async function pin(app, holder, around) {
  const { pickOn } = await import("./map.js");
  const box = el("div", { class: "map", role: "application", "aria-label": word("place.map.label") });
  const use = button(word("place.map.use"), () => around(picker.centre()), "second");
  holder.replaceChildren(el("p", { class: "hint", text: word("place.map.hint") }), box, use);
  const picker = await pickOn(box, app);
  box.focus();
}
