// Maps, with Leaflet, which is fetched only now. What the map shows stands beside it in words.
import { el, picture } from "./dom.js";
import { clock, word } from "./words.js";

const EARTH_M = 6371000;
const MAX_ZOOM = 18;
let library = null;

/** Fetch Leaflet, once. */
function leaflet() {
  library ??= new Promise((resolve, reject) => {
    document.head.append(el("link", { rel: "stylesheet", href: "leaflet/leaflet.css" }));
    document.head.append(el("script", { src: "leaflet/leaflet.js", on: { load: () => resolve(window.L), error: reject } }));
  });
  return library;
}

async function chart(box, app, centre, zoom) {
  const L = await leaflet();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(box, { zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still }).setView(centre, zoom);
  const attribution = app.city.base_map.includes("gsi.go.jp") ? "地理院タイル" : new URL(app.city.base_map).host;
  L.tileLayer(app.city.base_map, { attribution, maxZoom: MAX_ZOOM, referrerPolicy: "no-referrer" }).addTo(map);
  return { L, map };
}

/** A map whose middle is the home to be: it is moved by finger or arrow keys, so nothing small must be hit. */
export async function pickOn(box, app) {
  const centre = app.city.centre ?? [35.68, 139.76];
  const { map } = await chart(box, app, centre, 16);
  box.append(picture("pin", "crosshair"));
  return { centre: () => ({ lat: map.getCenter().lat, lon: map.getCenter().lng }) };
}

/** The trucks near this home: in words, and on a map where the city has one. */
export async function showTrucks(box, trucks, place, app) {
  const rows = trucks.map((truck) => el("li", {}, picture("truck"), el("span", { text: sentence(truck, place, app) })));
  const list = box.querySelector("ul") ?? el("ul", { class: "trucks" });
  list.replaceChildren(...rows);
  if (!box.contains(list)) box.replaceChildren(el("h2", { text: word("near.title") }), list);
  if (!app.city.base_map || !document.documentElement.dataset.leaflet) return;
  const home = Number.isFinite(place?.lat) ? [place.lat, place.lon] : [trucks[0].lat, trucks[0].lon];
  box.drawn ??= begin(box, app, home, Number.isFinite(place?.lat));
  const { L, layer, map } = await box.drawn;
  layer.clearLayers();
  for (const truck of trucks) mark(L, [truck.lat, truck.lon], "truck").addTo(layer);
  const around = L.latLngBounds([home, ...trucks.map((truck) => [truck.lat, truck.lon])]);
  if (!map.getBounds().contains(around)) map.fitBounds(around.pad(0.25), { animate: false, maxZoom: 16 });
}

async function begin(box, app, home, known) {
  const view = el("div", { class: "map small", role: "group", "aria-label": word("near.map") });
  box.append(view);
  const { L, map } = await chart(view, app, home, 15);
  if (known) mark(L, home, "pin").addTo(map);
  return { L, map, layer: L.layerGroup().addTo(map) };
}

function mark(L, where, name) {
  const html = picture(name);
  return L.marker(where, { keyboard: false, interactive: false, icon: L.divIcon({ className: `mark ${name}`, html, iconSize: [36, 36] }) });
}

function sentence(truck, place, app) {
  const time = clock(truck.at, app.city.timezone);
  if (!Number.isFinite(place?.lat)) return word("near.truck", { time });
  const metres = Math.max(50, Math.round(distance(truck, place) / 50) * 50);
  return word("near.truck.metres", { metres, time });
}

/** Metres between two positions; flat enough at this size. */
export function distance(a, b) {
  const rad = Math.PI / 180;
  const x = (b.lon - a.lon) * rad * Math.cos(((a.lat + b.lat) / 2) * rad);
  return EARTH_M * Math.hypot(x, (b.lat - a.lat) * rad);
}
