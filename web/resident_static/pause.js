// Silence while nobody is at home.
import { call } from "./api.js";
import { button, el } from "./dom.js";
import { keep, kept } from "./keep.js";
import { day, dayIn, word } from "./words.js";

const DAY_MS = 86400000;

export async function draw({ main, title, app }) {
  title.textContent = word("pause.title");
  const form = kept().form;
  const until = form?.paused_until;
  const today = dayIn(app.city.timezone, Date.now());
  if (until && new Date(until) > Date.now()) {
    main.append(el("p", { class: "result", text: word("pause.until", { date: day(dayIn(app.city.timezone, until), today) }) }), button(word("pause.end"), () => set(app, null), "main"));
    return;
  }
  const first = dayIn(app.city.timezone, Date.now() + DAY_MS);
  const input = el("input", { type: "date", id: "until", min: first, value: dayIn(app.city.timezone, Date.now() + 7 * DAY_MS) });
  main.append(el("p", { text: word("pause.why") }), el("label", { for: "until", text: word("pause.label") }), input,
    button(word("pause.start"), () => input.value >= first && set(app, input.value), "main"));
}

/** The pause ends when that day begins in the city. */
async function set(app, date) {
  const form = { ...kept().form, paused_until: date && beginOf(date, app.city.timezone) };
  try {
    await call("PUT", "/home", form);
    keep({ form });
    await app.replace("pause");
  } catch (error) {
    app.trouble(error);
  }
}

function beginOf(date, timezone) {
  const noon = new Date(`${date}T12:00:00Z`);
  const there = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "medium" }).format(noon);
  const ahead = new Date(`${there.replace(" ", "T")}Z`) - noon;
  return new Date(new Date(`${date}T00:00:00Z`) - ahead).toISOString();
}
