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

/** A button, where pushes are possible at all. */
export function pushPart() {
  if (!("PushManager" in globalThis) || !navigator.serviceWorker) return null;
  const note = el("p", { class: "note", role: "status" }, on ? t("notifyOn") : "");
  const button = el("button", { type: "button", class: "second", onclick: async () => {
    try {
      await (on ? stop() : begin());
      on = !on;
      await put("facts", "push", on);
      note.textContent = on ? t("notifyOn") : "";
    } catch {
      note.textContent = t("notifyFailed");
    }
    button.textContent = on ? t("notifyOff") : t("notify");
  } }, on ? t("notifyOff") : t("notify"));
  return el("div", { class: "push" }, button, note);
}

async function begin() {
  const answer = await fetch("/api/worker/push");
  if (!answer.ok) throw new Error(String(answer.status));
  const { key } = await answer.json();
  if (await Notification.requestPermission() !== "granted") throw new Error("not allowed");
  const registered = await navigator.serviceWorker.ready;
  const subscription = await registered.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const { endpoint, keys } = subscription.toJSON();
  await change("/api/worker/push", { endpoint, p256dh: keys?.p256dh, auth: keys?.auth });
}

async function stop() {
  const registered = await navigator.serviceWorker.ready;
  const subscription = await registered.pushManager.getSubscription();
  if (!subscription) return;
  await change("/api/worker/push/end", { endpoint: subscription.endpoint });
  await subscription.unsubscribe();
}

/** @param {string} address @param {unknown} body */
async function change(address, body) {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(String(answer.status));
}
