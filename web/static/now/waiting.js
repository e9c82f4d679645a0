/** What waits in the queue: incidents, and the alerts that belong to none, by level and time without an answer. */

import { rank } from "../levels.js";
import { store } from "../store.js";
import { now } from "./told.js";

/**
 * @typedef {import("../store.js").Alert} Alert
 * @typedef {{incident: import("./told.js").Waiting, alert?: undefined} | {incident?: undefined, alert: Alert}} Item
 */

/** @returns {Item[]} the worst first, then the one that nobody has answered for the longest */
export function waiting() {
  const incidents = now.told?.incidents ?? [];
  const grouped = new Set(incidents.flatMap(({ alert_ids: ids }) => ids));
  const loose = (store.board?.alerts ?? []).filter(({ id }) => !grouped.has(id));
  const open = new Set((store.board?.alerts ?? []).map(({ id }) => id));
  return [...incidents.filter((one) => still(one, open)).map((incident) => ({ incident })), ...loose.map((alert) => ({ alert }))].sort(byUrgency);
}

/** Told up to two seconds ago: by the board all of its alerts may be over. @param {import("./told.js").Waiting} incident @param {Set<number>} open */
function still(incident, open) {
  return incident.open_alerts === 0 || incident.alert_ids.some((id) => open.has(id)); // none: all are put aside
}

/** @param {Item} a @param {Item} b */
function byUrgency(a, b) {
  const [one, other] = [place(a), place(b)];
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return one[i] - other[i];
  return 0;
}

/** @param {Item} item */
function place({ incident, alert }) {
  if (incident) return [rank(incident.level), incident.waiting ? 0 : 1, Date.parse(incident.waiting_since ?? incident.opened_at), incident.id];
  return [rank(alert.level), alert.state === "open" ? 0 : 1, Date.parse(alert.changed_at), alert.id];
}
