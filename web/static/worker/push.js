/** Being told while the page is closed: web push, where the installation has it switched on and somebody wants it. */

import { el } from "../dom.js";
import { csrf } from "../session.js";
import { get, put } from "./store.js";
import { t } from "./strings.js";

let on = false;

/** What was chosen on this phone. */
export async function openPush() {
  on = (await get("facts", "push")) === true;
}

/** @type {HTMLElement} */ let button;
/** @type {HTMLElement} */ let note;

/** A button, where pushes are possible at all: the same one however often the view is drawn. */
export function pushPart() {
  if (!("PushManager" in globalThis) || !navigator.serviceWorker) return null;
  note ??= el("p", { class: "note", role: "status" });
  button ??= el("button", { type: "button", class: "second", onclick: change });
  tell(on ? t("notifyOn") : "");
  return el("div", { class: "push" }, button, note);
}

async function change() {
  try {
    await (on ? stop() : begin());
    on = !on;
    await put("facts", "push", on);
    tell(on ? t("notifyOn") : "");
  } catch {
    tell(t("notifyFailed"));
  }
}

/** @param {string} text */
function tell(text) {
  note.textContent = text;
  button.textContent = on ? t("notifyOff") : t("notify");
}

async function begin() {
  const answer = await fetch("/api/worker/push");
  if (!answer.ok) throw new Error(String(answer.status));
  const { key } = await answer.json();
  if (await Notification.requestPermission() !== "granted") throw new Error("not allowed");
  const registered = await navigator.serviceWorker.ready;
  const subscription = await registered.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  await send("/api/worker/push", { endpoint, p256dh: keys?.p256dh, auth: keys?.auth });
}

async function stop() {
  const registered = await navigator.serviceWorker.ready;
  const subscription = await registered.pushManager.getSubscription();
  if (!subscription) return;
  await send("/api/worker/push/end", { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
}

/** @param {string} address @param {unknown} body */
async function send(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(String(answer.status));
}
