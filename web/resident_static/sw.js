// The service worker: shows pushes, says that they were shown, and keeps the page's shell for when there is no connection.
// VERSION and SHELL are written by the server: they follow from the files.
const VERSION = "{version}";
const SHELL = {shell};
const SCOPE = new URL(self.registration.scope);
const CITY = SCOPE.pathname.split("/").filter(Boolean).pop();
const API = new URL("../../api/v1/", SCOPE).href;
const CACHE = `gomikuru-shell-${CITY}-${VERSION}`;
const NOTES = `gomikuru-notes-${CITY}`;
const REMEMBERED = 50;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => event.waitUntil(tidy().then(() => self.clients.claim())));

async function tidy() {
  const old = (await caches.keys()).filter((name) => name.startsWith(`gomikuru-shell-${CITY}-`) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
}

// The shell

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !url.href.startsWith(SCOPE.href) || url.pathname.endsWith(".ics")) return;
  if (request.mode === "navigate" && url.pathname !== SCOPE.pathname) return;
  event.respondWith(request.mode === "navigate" ? fresh(request, SCOPE.href) : stored(request));
});

/** From the network, else what is kept: the page itself. */
async function fresh(request, name) {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(name, answer.clone());
    return answer;
  } catch (error) {
    const had = await cache.match(name);
    if (had) return had;
    throw error;
  }
}

/** What is kept, else from the network and then kept: files and words of this version. */
async function stored(request) {
  const cache = await caches.open(CACHE);
  const had = await cache.match(request);
  if (had) return had;
  const answer = await fetch(request);
  if (answer.ok && answer.type === "basic") await cache.put(request, answer.clone());
  return answer;
}

// Pushes

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));

async function show(data) {
  const notes = await readNotes();
  const push = read(data);
  const body = late(push) ? fill(notes.late ?? "{body}", { body: push.body, time: clock(push.useful_until, notes) }) : push.body;
  const known = await repeated(push);
  await self.registration.showNotification(push.title || notes.title || "\u267b", {
    body: body || notes.body || "",
    tag: push.tag || "gomikuru",
    lang: push.lang || notes.lang || "",
    icon: "assets/icon-192.png",
    badge: "assets/badge-96.png",
    data: { tag: push.tag },
    ...(known ? { silent: true } : { renotify: push.kind === "corrected" || push.kind === "disrupted" }),
  });
  await Promise.all([tellPages(push), receipt(push)]);
}

/** The push, as web push brings it or inside FCM's envelope; any bytes give something to show. */
function read(data) {
  try {
    const all = data.json();
    return { ...all, ...(all.data ?? {}), ...(all.notification ?? {}) };
  } catch {
    return {};
  }
}

const late = (push) => Number(push.useful_until) > 0 && Date.now() > Number(push.useful_until);

function clock(ms, notes) {
  const how = { hour: "numeric", minute: "2-digit", timeZone: notes.timezone ?? "UTC" };
  return new Intl.DateTimeFormat(notes.lang || undefined, how).format(new Date(Number(ms)));
}

const fill = (text, values) => text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

/** Whether the very same was shown before: a repeat replaces it in silence. */
async function repeated(push) {
  if (!push.tag) return false;
  const said = [push.tag, push.kind, push.title, push.body].join("\n");
  const cache = await caches.open(NOTES);
  const before = (await cache.match("shown.json").then((had) => had?.json())) ?? [];
  const known = before.includes(said);
  if (!known) await cache.put("shown.json", new Response(JSON.stringify([...before, said].slice(-REMEMBERED))));
  return known;
}

async function receipt(push) {
  if (!push.receipt) return;
  const asked = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ receipt: push.receipt }), keepalive: true };
  await fetch(`${API}receipts`, asked).catch(() => {});
}

async function tellPages(push) {
  for (const page of await self.clients.matchAll({ type: "window" })) page.postMessage({ shown: push.tag ?? null });
}

async function readNotes() {
  const cache = await caches.open(NOTES);
  return (await cache.match("notes.json").then((had) => had?.json())) ?? {};
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(openPage());
});

async function openPage() {
  const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const ours = pages.find((page) => page.url.startsWith(SCOPE.href));
  return ours ? ours.focus() : self.clients.openWindow(SCOPE.href);
}

// The browser has changed this device's address: the home is told of the new one, and the old one goes.

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(resubscribe(event)));

async function resubscribe(event) {
  const notes = await readNotes();
  if (!notes.key || !notes.webpush) return;
  const key = Uint8Array.from(atob(notes.webpush.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));
  const made = event.newSubscription ?? (await self.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
  const home = `${API}cities/${encodeURIComponent(CITY)}/home/devices`;
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${notes.key}` };
  const answer = await fetch(home, { method: "POST", headers, body: JSON.stringify({ kind: "webpush", subscription: made.toJSON() }) });
  if (!answer.ok) return;
  if (notes.device) await fetch(`${home}/${encodeURIComponent(notes.device)}`, { method: "DELETE", headers }).catch(() => {});
  const { id } = await answer.json();
  const cache = await caches.open(NOTES);
  await cache.put("notes.json", new Response(JSON.stringify({ ...notes, device: id ?? null })));
}
