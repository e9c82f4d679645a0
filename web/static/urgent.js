/** Urgent events, called out over the map until somebody accepts them; for those who have the page of events. */

import { el } from "./dom.js";
import { language, t } from "./strings.js";

/** @type {Map<number, HTMLElement>} */
const called = new Map();
const may = document.querySelector('a[href^="/events"]') !== null;
const list = el("div", { class: "urgent-calls", role: "alert" });

/** An event moved on. @param {{event_id: number, urgent: boolean, act: string, state: string}} told */
export function heardOfEvent(told) {
  if (!may || !told.urgent) return;
  called.get(told.event_id)?.remove();
  called.delete(told.event_id);
  if (told.state === "reported") {
    const way = `/events/${told.event_id}${language === "en" ? "?lang=en" : ""}`;
    const call = el("a", { href: way }, t("urgentEvent", { n: told.event_id }));
    called.set(told.event_id, call);
    list.append(call);
  }
  if (called.size && !list.isConnected) document.body.append(list);
  if (!called.size) list.remove();
}
