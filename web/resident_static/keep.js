// What this device remembers: the home's key, a sign-up under way, the last state seen. Never more than the page needs.

export const CITY = document.documentElement.dataset.city;
const PLACE = `gomikuru:${CITY}`;
let held = {};

try {
  held = JSON.parse(localStorage.getItem(PLACE)) ?? {};
} catch {
  held = {}; // a browser that lets nothing be kept: the page works until it is closed
}

/** All that is kept. */
export const kept = () => held;

/** Keep some more; undefined forgets an entry. */
export function keep(change) {
  held = { ...held, ...change };
  write();
}

/** Forget everything, but for the language. */
export function forget() {
  held = { lang: held.lang };
  write();
}

function write() {
  try {
    localStorage.setItem(PLACE, JSON.stringify(held));
  } catch {
    // kept in memory only
  }
}

/** Hand the service worker what it needs when the page is closed; it cannot read what a page keeps. */
export async function tellWorker(notes) {
  if (!("caches" in window)) return;
  const cache = await caches.open(`gomikuru-notes-${CITY}`);
  if (notes === null) return void (await caches.delete(`gomikuru-notes-${CITY}`));
  await cache.put("notes.json", new Response(JSON.stringify(notes)));
}
