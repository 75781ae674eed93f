// Web push on this device: what it can do, asking for it, and telling the service the address.
import { call } from "./api.js";
import { keep, kept } from "./keep.js";

const iphone = /iPhone|iPad|iPod/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
export const installed = () => navigator.standalone === true || matchMedia("(display-mode: standalone)").matches;
export const onIphone = () => iphone;

/** What can be done here: "ready", "denied", "iphone" (install first), "insecure", "none". */
export function situation(app) {
  if (!isSecureContext) return "insecure";
  if (iphone && !installed()) return "iphone";
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  if (!able || !app.city.channels?.webpush) return "none";
  return Notification.permission === "denied" ? "denied" : "ready";
}

/** Start the service worker, where there is one to start. */
export async function startWorker() {
  if (!("serviceWorker" in navigator)) return null;
  return navigator.serviceWorker.register("sw.js", { scope: "./", updateViaCache: "none" }).catch(() => null);
}

/** Ask the browser, subscribe, and tell the service. True when pushes will come; raise what the service refused. */
export async function allow(app) {
  if ((await Notification.requestPermission()) !== "granted") return false;
  await subscribe(app);
  return true;
}

/** Subscribe with the city's key; one made with another key is given up first. */
export async function subscribe(app) {
  await startWorker();
  const worker = await navigator.serviceWorker.ready;
  const key = bytesOf(app.city.channels.webpush.key);
  const old = await worker.pushManager.getSubscription();
  if (old && !same(old.options.applicationServerKey, key)) await old.unsubscribe();
  const made = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const device = await call("POST", "/home/devices", { kind: "webpush", subscription: made.toJSON() });
  keep({ device: device?.id ?? kept().device });
  const { noteForWorker } = await import("./main.js");
  await noteForWorker();
}

/** Give up this device's pushes. */
export async function unsubscribe() {
  const worker = await navigator.serviceWorker?.getRegistration();
  const made = await worker?.pushManager?.getSubscription();
  await made?.unsubscribe();
}

/** Whether this device is subscribed. */
export async function subscribed() {
  const worker = await navigator.serviceWorker?.getRegistration();
  return Boolean(await worker?.pushManager?.getSubscription());
}

function bytesOf(base64url) {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function same(buffer, bytes) {
  if (!buffer || buffer.byteLength !== bytes.length) return false;
  return new Uint8Array(buffer).every((byte, at) => byte === bytes[at]);
}
