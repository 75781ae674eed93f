// The coming collections, and the address that a phone's own calendar subscribes to.
import { call } from "./api.js";
import { el, pictogram } from "./dom.js";
import { kept } from "./keep.js";
import { day, dayIn, named, timeOfDay, word } from "./words.js";

const DAYS = 28;

export async function draw({ main, title, app }) {
  title.textContent = word("calendar.title");
  const { zone, categories = [] } = kept().form ?? {};
  if (!zone) return void main.append(el("p", { text: word("calendar.none") }));
  const today = dayIn(app.city.timezone, Date.now());
  try {
    const answer = await call("GET", `/zones/${encodeURIComponent(zone)}/calendar?from=${today}&days=${DAYS}`);
    const rows = answer.days.filter((each) => !categories.length || categories.includes(each.category));
    main.append(rows.length ? el("ul", { class: "days" }, ...rows.map((each) => row(each, today, app))) : el("p", { text: word("calendar.none") }));
  } catch (error) {
    app.trouble(error);
  }
  const feed = new URL(`zones/${encodeURIComponent(zone)}.ics`, document.baseURI).href;
  main.append(el("section", { class: "card" }, el("h2", { text: word("calendar.feed") }), el("p", { text: word("calendar.feed.why") }),
    el("a", { class: "button second", href: feed.replace(/^http/, "webcal"), text: word("calendar.subscribe") }),
    el("p", { class: "hint" }, el("a", { href: feed, text: word("calendar.file") }))));
}

function row({ date, category, out_by: outBy, note }, today, app) {
  const kind = app.city.categories.find((each) => each.id === category);
  return el("li", {}, pictogram(kind?.pictogram || "bag"), el("span", { class: "choice-words" },
    el("b", { text: day(date, today) }), el("span", { text: named(kind, app.city.language) || category }),
    outBy ? el("small", { text: word("calendar.out_by", { time: timeOfDay(outBy) }) }) : null, note ? el("small", { text: note }) : null));
}
