/** Alerts that no station stands for, on the map: of devices, gateways and divisions, and what people report. */

import { map } from "./citymap.js";
import { el } from "./dom.js";
import { rank, shape } from "./levels.js";
import { store, when } from "./store.js";

/* global L */

/** @type {Map<number, {marker: any, level: string}>} */
const drawn = new Map();

/** Keep them up to date. */
export function drawPlaces() {
  when("board", renew);
  when("stations", renew);
}

function renew() {
  const placed = (store.board?.alerts ?? []).filter(({ sensor_id: sensor, lon }) => lon !== null && !store.stations.has(sensor ?? -1));
  const levels = new Map(placed.map(({ id, level }) => [id, level]));
  for (const [id, { marker, level }] of drawn) {
    if (levels.get(id) === level) continue;
    marker.remove();
    drawn.delete(id);
  }
  for (const alert of placed) if (!drawn.has(alert.id)) drawn.set(alert.id, { marker: add(alert), level: alert.level });
}

/** @param {import("./store.js").Alert} alert */
function add(alert) {
  const node = el("div", { class: `station bare level-${alert.level}`, "data-place": alert.id },
    el("span", { class: "pin" }, shape(alert.level)));
  return L.marker([alert.lat, alert.lon], {
    pane: "alerts", zIndexOffset: 9_000 - 1_000 * rank(alert.level), title: alert.label || alert.sensor,
    icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  }).addTo(map);
}
