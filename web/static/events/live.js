/** The page of events reads itself anew when one moves on; what is urgent is called out. */

import { leaveIfOver } from "../session.js";

const AGAIN_MS = 300; // several that come together are one reading
const zh = document.documentElement.dataset.language === "zh";
const live = /** @type {HTMLElement} */ (document.getElementById("live"));
let waiting = 0;

const stream = new EventSource(live.dataset.stream ?? "");
stream.addEventListener("ready", () => { document.body.dataset.live = "true"; later(); });
stream.addEventListener("event", (event) => heard(JSON.parse(event.data)));
stream.addEventListener("error", () => { delete document.body.dataset.live; leaveIfOver(); });

/** @param {{event_id: number, urgent: boolean, act: string, state: string}} told */
function heard(told) {
  const own = live.dataset.event;
  if (own && Number(own) !== told.event_id) return;
  if (!own && told.urgent && ["reported", "handed_up"].includes(told.act)) callOut(told.event_id);
  later();
}

function later() {
  if (!waiting) waiting = setTimeout(readAnew, AGAIN_MS);
}

/** What the server shows now takes the place of what stands here; not under somebody's hands. */
async function readAnew() {
  waiting = 0;
  const answer = await fetch(location.pathname + location.search).catch(() => null);
  if (!answer?.ok) return; // the next event asks again
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (!fresh || live.contains(document.activeElement) && document.activeElement !== document.body && live.dataset.event) return;
  live.replaceChildren(...fresh.childNodes);
  document.dispatchEvent(new CustomEvent("events-read"));
}

/** @param {number} number */
function callOut(number) {
  const call = document.getElementById("call");
  if (!call) return;
  const way = document.createElement("a");
  way.href = `/events/${number}${zh ? "" : "?lang=en"}`;
  way.textContent = zh ? `紧急事件 #${number}，请立即受理` : `Urgent event #${number}: accept it now`;
  call.replaceChildren(way);
  call.hidden = false;
}
