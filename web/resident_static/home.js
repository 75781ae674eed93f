// The home's own page: today in one glance, then what one may want to do.
import { call, follow } from "./api.js";
import { button, el, picture, say } from "./dom.js";
import { keep, kept } from "./keep.js";
import { subscribed } from "./push.js";
import { glance, isLive } from "./today.js";
import { clock, dayIn, language, word } from "./words.js";

const AGAIN_MS = 10000;
const LOOK_MS = 15000;

export async function draw({ main, title, app }) {
  const stop = new AbortController();
  const state = el("section", { class: "state", "aria-live": "polite", "aria-atomic": "true" });
  const age = el("p", { class: "age" });
  const map = el("section", { class: "near", hidden: true });
  const after = el("div", { class: "after" });
  title.textContent = word("home.title", { place: kept().placeName ?? app.city.name });
  const shown = { app, state, age, map, after, drawn: null, asking: true };
  main.append(state, age, after, map, await pushCard(app), menu(app));
  const show = () => render(shown);
  const timer = setInterval(show, LOOK_MS);
  const online = () => { show(); poll(app, show); };
  addEventListener("online", online);
  addEventListener("offline", show);
  document.addEventListener("visibilitychange", online);
  show();
  readHome(app, title);
  live(app, show, stop.signal, () => { shown.asking = false; });
  return () => {
    stop.abort();
    clearInterval(timer);
    removeEventListener("online", online);
    removeEventListener("offline", show);
    document.removeEventListener("visibilitychange", online);
  };
}

async function readHome(app, title) {
  try {
    const { devices, ...form } = await call("GET", "/home");
    keep({ form, devices });
    if (!kept().placeName) await learnName(form.zone);
    title.textContent = word("home.title", { place: kept().placeName ?? app.city.name });
  } catch (error) {
    if (error.status === 401) gone(app);
  }
}

/** A phone that joined by a code never saw the place's name: its zone's will do. */
async function learnName(zone) {
  const { places } = zone ? await call("POST", "/places", { q: zone }) : { places: [] };
  keep({ placeName: places.find((each) => each.kind === "zone" && each.id === zone)?.name });
}

function gone(app) {
  keep({ key: undefined, today: undefined, form: undefined });
  app.replace("signup", "place").then(() => say(word("trouble.gone"), true));
}

/** Follow the day while this screen stands; when the link breaks, ask, wait and follow again. */
async function live(app, show, signal, asked) {
  while (!signal.aborted) {
    await poll(app, show, asked);
    try {
      await follow((event, data) => heard(event, data, show), signal);
    } catch (error) {
      if (error.status === 401) return gone(app);
    }
    if (!signal.aborted) await new Promise((go) => setTimeout(go, AGAIN_MS));
  }
}

async function poll(app, show, asked = () => {}) {
  try {
    keep({ today: await call("GET", "/home/today"), heard: Date.now() });
  } catch (error) {
    if (error.status === 401) return gone(app);
  }
  asked();
  show();
}

function heard(event, data, show) {
  if (event === "today" && data) keep({ today: data });
  if (event === "alert" && data) say(`${data.title} ${data.body}`);
  keep({ heard: Date.now() });
  show();
}

function render(shown) {
  const { app, state, age, map, after } = shown;
  const { today, heard: heardMs } = kept();
  const nowMs = Date.now();
  const old = !today || today.date !== dayIn(app.city.timezone, nowMs);
  const fresh = navigator.onLine && isLive(heardMs ?? 0, nowMs);
  const seen = today && !(old && !fresh) ? glance(today, app, nowMs) : { look: "calm", icon: "clock", big: today ? word("state.unknown") : word("state.asking"), lines: [] };
  const said = JSON.stringify([seen, language()]);
  if (state.dataset.said !== said) {
    state.dataset.said = said;
    state.className = `state ${seen.look}`;
    state.replaceChildren(picture(seen.icon, "huge"), el("p", { class: "big", text: seen.big }), ...seen.lines.map((text) => el("p", { text })));
  }
  state.classList.toggle("stale", !fresh);
  const when = heardMs ? clock(heardMs, app.city.timezone) : null;
  const asking = !fresh && shown.asking && navigator.onLine;
  const words = asking ? (today ? word("state.asking") : "") : fresh ? word("age.live", { time: when }) : when ? word("age.stale", { time: when }) : word("age.none");
  if (age.textContent !== words) age.replaceChildren(...(asking ? [] : [picture(fresh ? "live" : "nosignal")]), words);
  age.classList.toggle("warn", !fresh && !asking);
  missed(app, after, fresh ? today : null);
  near(app, map, fresh ? today : null);
}

function missed(app, after, today) {
  const wanted = today?.state === "passed" && today.categories.length > 0 && kept().reported !== today.date;
  if (wanted === Boolean(after.firstChild)) return;
  after.replaceChildren(...(wanted ? [button(word("missed.button"), () => report(app, today, after), "second")] : []));
}

async function report(app, today, after) {
  try {
    await call("POST", "/home/not_collected", { date: today.date, category: today.categories[0] });
    keep({ reported: today.date });
    after.replaceChildren();
    say(word("missed.thanks"));
  } catch (error) {
    app.trouble(error);
  }
}

async function near(app, box, today) {
  const trucks = today?.trucks ?? [];
  box.hidden = !trucks.length;
  if (!trucks.length) return;
  const { showTrucks } = await import("./map.js");
  await showTrucks(box, trucks, kept().form?.place, app);
}

async function pushCard(app) {
  if (await subscribed().catch(() => false)) return "";
  return el("section", { class: "card warn" }, el("h2", { text: word("home.no_push") }), el("p", { text: word("home.no_push.why") }),
    button(word("home.no_push.act"), () => app.go("edit", "push"), "second"));
}

function menu(app) {
  const row = (icon, text, screen) => el("li", {}, el("button", { type: "button", class: "row", on: { click: () => app.go(screen) } }, picture(icon), el("b", { text })));
  return el("nav", { "aria-label": word("home.menu") }, el("ul", { class: "menu" }, row("calendar", word("calendar.title"), "calendar"),
    row("bell", word("test.title"), "test"), row("rest", word("pause.title"), "pause"), row("phone", word("link.title"), "link"),
    row("gear", word("settings.title"), "settings")));
}
