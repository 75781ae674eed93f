// The page's frame: language, history, which screen stands. Screens that the first question does not need load later.
import { readCity } from "./api.js";
import { button, say } from "./dom.js";
import { keep, kept, tellWorker } from "./keep.js";
import { language, languages, loadWords, spoken, word } from "./words.js";

const SCREENS = {
  signup: () => import("./signup.js"),
  edit: () => import("./signup.js"),
  home: () => import("./home.js"),
  settings: () => import("./settings.js"),
  devices: () => import("./devices.js"),
  link: () => import("./link.js"),
  other: () => import("./other.js"),
  test: () => import("./trial.js"),
  calendar: () => import("./calendar.js"),
  pause: () => import("./pause.js"),
  code: () => import("./code.js"),
  recover: () => import("./code.js"),
  erase: () => import("./erase.js"),
  done: () => import("./done.js"),
};
/** Screens that need a way back of their own: an installed page has no browser's button. */
const PLAIN = new Set(["settings", "devices", "link", "other", "test", "calendar", "pause", "code"]);
const main = document.getElementById("main");
let leave = null;
let turn = 0;

/** What every screen is given. */
export const app = {
  city: null,
  /** Go on to a screen; the browser's back button returns. */
  go(screen, arg = null) {
    history.pushState({ screen, arg, depth: (history.state?.depth ?? 0) + 1 }, "");
    return show();
  },
  /** Put a screen in the place of this one. */
  replace(screen, arg = null) {
    history.replaceState({ screen, arg, depth: history.state?.depth ?? 0 }, "");
    return show();
  },
  /** Go back one screen, or to `otherwise` where the history holds none of ours. */
  back(otherwise = "home") {
    if ((history.state?.depth ?? 0) > 0) history.back();
    else app.replace(otherwise);
  },
  /** Draw this screen anew, such as in another language; what has the focus outside it keeps it. */
  redraw: () => show(false),
  async speak(lang) {
    await loadWords(lang);
    keep({ lang });
    document.getElementById("privacy").href = `privacy/${lang}`;
    document.getElementById("language").value = language();
    await noteForWorker();
  },
  trouble(error) {
    const gone = error.status === 401 && kept().key;
    if (gone) say(word("trouble.gone"), true);
    else if (error.status === 0) say(word("trouble.offline"), true);
    else if (error.status === 429) say(word("trouble.often"), true);
    else say(word("trouble.other"), true);
  },
};

/** Tell the worker what it needs for a push that comes while no page is open. */
export const noteForWorker = () =>
  tellWorker({
    key: kept().key ?? null,
    device: kept().device ?? null,
    webpush: app.city?.channels?.webpush?.key ?? null,
    timezone: app.city?.timezone ?? "UTC",
    lang: spoken(language()),
    title: word("push.fallback.title"),
    body: word("push.fallback.body"),
    late: word("push.late"),
  }).catch(() => {});

async function show(afresh = true) {
  const { screen, arg } = history.state;
  const mine = ++turn;
  leave?.();
  leave = null;
  say("", true);
  const module = await SCREENS[screen]();
  if (mine !== turn) return;
  const title = document.createElement("h1");
  title.tabIndex = -1;
  main.replaceChildren(title);
  main.dataset.screen = screen;
  leave = (await module.draw({ main, title, app, screen, arg })) ?? null;
  if (PLAIN.has(screen)) main.append(button(word("back"), () => app.back(), "plain"));
  document.title = `${title.textContent} – ${app.city.name}`;
  if (!afresh) return;
  scrollTo(0, 0);
  title.focus({ preventScroll: true });
}

/** What the address brought along: a zone from the calendar, a code from another phone. It then leaves the address. */
function brought() {
  const found = new URLSearchParams(location.hash.slice(1));
  if (location.hash && !found.has("l")) history.replaceState(history.state, "", location.pathname);
  return found;
}

async function first(found) {
  if (kept().key) return { screen: "home" };
  if (found.has("l")) return { screen: "recover", arg: { link: found.get("l") } };
  if (found.has("z")) {
    const { startFromZone } = await import("./signup.js");
    return { screen: "signup", arg: await startFromZone(app, found.get("z")) };
  }
  return { screen: "signup", arg: kept().step ?? "place" };
}

async function begin() {
  const lang = kept().lang ?? document.documentElement.dataset.lang;
  const [city] = await Promise.all([readCity().catch(() => kept().city), loadWords(lang)]);
  if (!city) return say(word("trouble.offline"), true);
  app.city = city;
  keep({ city });
  document.getElementById("city").textContent = city.name;
  const chooser = document.getElementById("language");
  chooser.replaceChildren(...languages().map(({ tag, name }) => Object.assign(new Option(name, tag), { lang: spoken(tag) })));
  chooser.value = language();
  chooser.addEventListener("change", () => app.speak(chooser.value).then(app.redraw).catch(app.trouble));
  document.getElementById("privacy").href = `privacy/${language()}`;
  addEventListener("popstate", () => history.state && show());
  const found = brought();
  const stands = history.state?.screen && !found.size;
  if (!stands) history.replaceState({ depth: 0, arg: null, ...(await first(found)) }, "");
  await show();
  document.body.dataset.ready = "yes";
  const { startWorker } = await import("./push.js");
  await startWorker();
  await noteForWorker();
}

begin().catch((error) => {
  say(word("trouble.other"), true);
  console.error(error);
});
