// What the page says: one catalogue in memory, that of the language chosen. Dates and times are the browser's own (Intl).

/** A manner of a language, such as ja-easy, is read out and written as the language itself. */
export const spoken = (tag) => tag.replace(/-easy$/, "");

let book = { lang: document.documentElement.lang, words: {}, languages: [] };

/** Read a language's words; the page keeps what it had when they cannot be had. */
export async function loadWords(lang) {
  const answer = await fetch(`words/${lang}.json`);
  if (!answer.ok) throw new Error(`words/${lang}.json: ${answer.status}`);
  book = await answer.json();
  document.documentElement.lang = spoken(book.lang);
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = book.words[node.dataset.word] ?? "";
}

/** The sentence of this key; `n` chooses the plural, the rest fills its places. */
export function word(key, values = {}) {
  let text = book.words[key] ?? key;
  if (typeof text === "object") text = text[new Intl.PluralRules(spoken(book.lang)).select(values.n)] ?? text.other;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const language = () => book.lang;
export const languages = () => book.languages;

/** Several names as one reads them: "A, B and C". */
export const list = (names) => new Intl.ListFormat(spoken(book.lang), { type: "conjunction" }).format(names);

/** An instant (ms, or RFC 3339) as the time of day in the city: 9:10. */
export function clock(instant, timezone) {
  return new Intl.DateTimeFormat(spoken(book.lang), { hour: "numeric", minute: "2-digit", timeZone: timezone }).format(new Date(instant));
}

/** A time of day "08:30" as this language writes it. */
export function timeOfDay(text) {
  const [hour, minute] = text.split(":").map(Number);
  return clock(Date.UTC(2000, 0, 1, hour, minute), "UTC");
}

/** A day "2026-11-30": today, tomorrow, or its weekday and date. `today`: the city's own. */
export function day(text, today) {
  const at = new Date(`${text}T12:00:00Z`);
  const far = Math.round((at - new Date(`${today}T12:00:00Z`)) / 86400000);
  const date = new Intl.DateTimeFormat(spoken(book.lang), { weekday: "short", month: "long", day: "numeric", timeZone: "UTC" }).format(at);
  if (far === 0) return word("day.today", { date });
  return far === 1 ? word("day.tomorrow", { date }) : date;
}

/** The city's day at an instant, as "2026-11-30". */
export function dayIn(timezone, instant) {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: timezone, year: "numeric", month: "2-digit", day: "2-digit" });
  return parts.format(new Date(instant));
}

/** A waste type's name in the page's language, else the city's, else any. */
export function named(category, fallback) {
  const names = category?.names ?? {};
  return names[book.lang] ?? names[book.lang.split("-")[0]] ?? names[fallback] ?? Object.values(names)[0] ?? category?.id ?? "";
}
