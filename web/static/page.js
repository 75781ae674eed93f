// Draws the picture: map, lists, the phone's notifications. All text goes in as text, never as HTML.
"use strict";

const $ = (id) => document.getElementById(id);
const SILENCE_MS = 5000;
const FAR_ZOOM = 14.5;
const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;

let language = localStorage.getItem("language") || (navigator.language.startsWith("ja") ? "ja" : "en");
let city = null;
let picture = null;
let map = null;
let ground = null;
let lastFrame = 0;
let fitted = false;
let asking = false;
const marks = new Map();
const zones = new Map();

const word = (name) => WORDS[language][name];

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function localTime(ms) {
  const digits = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
  return new Intl.DateTimeFormat(language, { timeZone: city.timezone, ...digits }).format(ms);
}

function ageText(s) {
  if (s < 120) return word("seconds")(s);
  return s < 7200 ? word("minutes")(Math.round(s / 60)) : word("hours")(Math.round(s / 3600));
}

// ---- the map

function startMap() {
  if (!window.L) {
    const missing = make("p", "plain", word("no_map"));
    missing.dataset.word = "no_map";
    $("map").append(missing);
    return;
  }
  map = L.map("map", { zoomControl: true, attributionControl: Boolean(city.base_map), zoomSnap: 0.25 });
  map.on("zoomend", () => $("map").classList.toggle("far", map.getZoom() < FAR_ZOOM));
  map.setView(city.centre || [35, 135], city.centre ? 14 : 5);
  if (city.base_map) {
    const attribution = city.base_map.includes("gsi.go.jp") ? "地理院タイル" : new URL(city.base_map).host;
    L.tileLayer(city.base_map, { attribution, maxZoom: 18 }).addTo(map);
  }
}

function drawGround() {
  try {
    if (map) drawCity();
  } catch (error) {
    console.error("the city's map cannot be drawn", error);
  }
}

function onTrial(feature) {
  return feature.properties?.mode === "shadow";
}

function drawCity() {
  if (ground) ground.remove();
  zones.clear();
  const areas = L.geoJSON(city.zones, {
    interactive: true,
    style: (feature) => ({ className: onTrial(feature) ? "zone trial" : "zone" }),
    onEachFeature: (feature, layer) => {
      const { id, name } = feature.properties || {};
      zones.set(String(id ?? feature.id), layer);
      const title = onTrial(feature) ? `${name || id} (${word("trial")})` : name || id;
      if (name || id) layer.bindTooltip(make("span", "", title), { sticky: true });
    },
  });
  const lines = L.geoJSON(city.routes, {
    interactive: false,
    className: "route",
    pointToLayer: (_feature, place) => L.circleMarker(place, { radius: 1.5, className: "stop", interactive: false }),
  });
  ground = L.layerGroup([areas, lines]).addTo(map);
  const bounds = areas.getBounds().isValid() ? areas.getBounds() : lines.getBounds();
  if (!bounds.isValid() || fitted) return;
  map.fitBounds(bounds, { padding: [8, 8], animate: false });
  fitted = true;
}

function truckMark(truck) {
  const body = make("div", "truck");
  const arrow = make("i", "arrow");
  body.append(arrow, make("b", "", truck.truck));
  const icon = L.divIcon({ html: body, className: "", iconSize: [0, 0] });
  const mark = L.marker([truck.lat, truck.lon], { icon, keyboard: false, interactive: false }).addTo(map);
  return { mark, body, arrow };
}

function drawTruck(truck, state) {
  if (!map) return;
  const drawn = marks.get(truck.truck) || truckMark(truck);
  marks.set(truck.truck, drawn);
  drawn.mark.setLatLng([truck.lat, truck.lon]);
  drawn.body.className = `truck ${state}`;
  drawn.body.lastChild.textContent = state === "stale" ? `${truck.truck} ? ${localTime(truck.fix_ms)}` : truck.truck;
  drawn.arrow.style.transform = `rotate(${truck.heading_deg ?? 0}deg)`;
  drawn.arrow.hidden = truck.heading_deg === null || state === "stale" || state === "standing";
}

function flashHome(push) {
  if (!map || push.lat === null || push.lon === null) return;
  const home = L.circleMarker([push.lat, push.lon], { radius: 6, className: "home", interactive: false }).addTo(map);
  setTimeout(() => home.remove(), 4000);
}

function flashZone(alert) {
  const path = zones.get(alert.zone)?.getElement?.();
  if (!path || calm) return;
  path.classList.add("told");
  setTimeout(() => path.classList.remove("told"), 2500);
}

// ---- the lists

function truckText(truck, state) {
  if (!picture.live) return word("was")(localTime(truck.fix_ms));
  const age = ageText(picture.ageS(truck));
  if (state === "stale") return word("silent")(age);
  const drives = truck.speed_mps !== null && state !== "standing";
  return [word(state), drives ? word("speed")(Math.round(truck.speed_mps * 3.6)) : "", age].filter(Boolean).join(" · ");
}

function truckLine(truck, state) {
  const line = make("li", `line ${state}`);
  const button = make("button", "go");
  button.type = "button";
  button.dataset.truck = truck.truck;
  button.append(make("i", `mark ${state}`), make("b", "", truck.truck), make("span", "", truckText(truck, state)));
  button.title = word("go")(truck.truck);
  line.append(button);
  return line;
}

function listTrucks() {
  const trucks = [...picture.trucks.values()].sort((a, b) => a.truck.localeCompare(b.truck, "ja", { numeric: true }));
  const lines = trucks.map((truck) => truckLine(truck, picture.state(truck)));
  const held = document.activeElement?.dataset?.truck;
  $("trucks").replaceChildren(...(lines.length ? lines : [make("li", "none", word("no_trucks"))]));
  if (held) $("trucks").querySelector(`[data-truck="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  $("truck-count").textContent = trucks.length || "";
}

function pushCard(push) {
  const card = make("li", "push");
  card.dataset.tag = push.tag;
  const head = make("p", "from");
  head.append(make("span", "", "ごみ来る"), make("time", "", localTime(push.at_ms)));
  if (push.resident) head.append(make("span", "who", push.resident));
  card.append(head, make("p", "title", push.title), make("p", "body", push.body));
  return card;
}

function listPushes(fresh) {
  $("pushes-section").hidden = picture.pushCount === 0;
  $("push-count").textContent = picture.pushCount || "";
  const list = $("pushes");
  if (fresh === null) list.replaceChildren(...[...picture.pushes.values()].reverse().map(pushCard));
  for (const push of fresh || []) {
    list.querySelector(`[data-tag="${CSS.escape(push.tag)}"]`)?.remove();
    list.prepend(pushCard(push));
    if (list.childElementCount > 50) list.lastChild.remove();
  }
}

function listAlerts() {
  const lines = [...picture.alerts.values()].reverse().slice(0, 12).map((alert) => {
    const line = make("li", "alert");
    const zone = alert.zone ? ` · ${zones.get(alert.zone)?.feature.properties.name || alert.zone}` : "";
    line.append(make("time", "", localTime(alert.fired_ms)), make("b", "", word("kinds")[alert.kind] || alert.kind));
    line.append(make("span", "", `${alert.truck}${zone}`));
    return line;
  });
  $("alerts").replaceChildren(...(lines.length ? lines : [make("li", "none", word("no_alerts"))]));
  $("alert-count").textContent = picture.alertCount || "";
}

// ---- frames

function tellTrouble(text) {
  if ($("trouble").textContent !== text) $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

function draw() {
  for (const [id, drawn] of marks) {
    if (!picture.trucks.has(id)) {
      drawn.mark.remove();
      marks.delete(id);
    }
  }
  for (const truck of picture.trucks.values()) drawTruck(truck, picture.state(truck));
  listTrucks();
  const trouble = !picture.connected ? word("lost") : picture.feed ? "" : word("feed_lost");
  tellTrouble(trouble);
  document.body.classList.toggle("lost", Boolean(trouble));
  if (picture.now) $("clock").textContent = localTime(picture.now);
}

function takeFrame(frame) {
  lastFrame = performance.now();
  const fresh = picture.take(frame);
  if (frame.map !== city.version) renewMap();
  draw();
  if (frame.full || fresh.alerts.length) listAlerts();
  if (frame.full || fresh.pushes.length) listPushes(frame.full ? null : fresh.pushes);
  fresh.alerts.forEach(flashZone);
  fresh.pushes.slice(-30).forEach(flashHome);
}

function listen() {
  const stream = new EventSource("live");
  stream.onmessage = (message) => takeFrame(JSON.parse(message.data));
  stream.onerror = () => {
    picture.connected = false;
    draw();
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  };
  return stream;
}

function watchSilence() {
  if (picture.connected && performance.now() - lastFrame > SILENCE_MS) {
    picture.connected = false;
    draw();
  }
}

// ---- start

// Before the first answer of the server only the page's own words are there to be said.
function speak() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  $("language").textContent = word("other");
  $("language").lang = language === "ja" ? "en" : "ja";
  if (!picture) {
    if (!$("trouble").hidden) tellTrouble(word("lost"));
    return;
  }
  $("city").textContent = city.name;
  document.title = `${city.name} · ごみ来る`;
  draw();
  listAlerts();
  listPushes(null);
}

async function loadMap() {
  const answer = await fetch("map.json");
  if (!answer.ok) throw new Error(`map.json: ${answer.status}`);
  city = await answer.json();
}

// Asks again with the next frame where the answer fails, or is of an older version than the frame.
async function renewMap() {
  if (asking) return;
  asking = true;
  try {
    await loadMap();
    drawGround();
  } catch (error) {
    console.warn(error.message);
  } finally {
    asking = false;
  }
}

async function start() {
  try {
    await loadMap();
  } catch {
    tellTrouble(word("lost"));
    setTimeout(start, 3000);
    return;
  }
  picture = new CityPicture(city.stale_after_s);
  picture.connected = true;
  startMap();
  drawGround();
  speak();
  $("trucks").addEventListener("click", (event) => {
    const truck = picture.trucks.get(event.target.closest("button")?.dataset.truck);
    if (truck && map) map.setView([truck.lat, truck.lon], Math.max(map.getZoom(), 16), { animate: !calm });
  });
  lastFrame = performance.now();
  listen();
  setInterval(watchSilence, 1000);
}

$("language").addEventListener("click", () => {
  language = language === "ja" ? "en" : "ja";
  localStorage.setItem("language", language);
  speak();
});
speak();
start();
