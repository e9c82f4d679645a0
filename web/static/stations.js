/** Stations on the map: shape, name, last value and trend; labels keep clear of one another. */

import { map } from "./citymap.js";
import { el, svg } from "./dom.js";
import { measured } from "./format.js";
import { rank, shape, trend } from "./levels.js";
import { place } from "./placing.js";
import { alertOf, store, when } from "./store.js";

/* global L */

/** @typedef {import("./store.js").Station} Station */

/** @type {Map<number, {marker: any, node: HTMLElement}>} */
const drawn = new Map();
let waiting = false;

/** Draw the stations and keep them so. @param {(sensor: number) => void} onSelect */
export function drawStations(onSelect) {
  const renew = () => renewAll(onSelect);
  when("stations", renew);
  when("values", renew);
  when("board", renew);
  map.on("zoomend moveend resize", arrange);
  if (document.fonts) document.fonts.addEventListener("loadingdone", arrange);
}

/** @param {(sensor: number) => void} onSelect */
function renewAll(onSelect) {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    for (const id of drawn.keys()) if (!store.stations.has(id)) remove(id);
    for (const station of store.stations.values()) if (station.lon !== null) draw(station, onSelect);
    arrange();
  });
}

/** @param {number} id */
function remove(id) {
  drawn.get(id)?.marker.remove();
  drawn.delete(id);
}

/** @param {Station} station @param {(sensor: number) => void} onSelect */
function draw(station, onSelect) {
  const level = levelOf(station);
  const pane = level === "normal" || level === "silent" ? "stations" : "alerts";
  const known = drawn.get(station.id);
  if (known && known.marker.options.pane !== pane) remove(station.id); // Leaflet keeps a marker in its pane
  const { marker, node } = drawn.get(station.id) ?? add(station, pane, onSelect);
  marker.setLatLng([station.lat, station.lon]);
  node.className = `station level-${level}`;
  node.replaceChildren(svg("svg", { class: "leader" }, svg("line")), el("span", { class: "pin" }, shape(level)), label(station));
}

/** @param {Station} station @param {string} pane @param {(sensor: number) => void} onSelect */
function add(station, pane, onSelect) {
  const node = el("div", { class: "station", "data-sensor": station.id });
  const marker = L.marker([station.lat, station.lon], {
    pane, icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  });
  marker.on("click", () => onSelect(station.id)).addTo(map);
  const made = { marker, node };
  drawn.set(station.id, made);
  return made;
}

/** @param {Station} station */
function label(station) {
  const value = store.values.get(station.id);
  return el("span", { class: "tag" },
    el("span", { class: "tag-name" }, station.label || station.name),
    value && el("span", { class: "tag-value" }, measured(value.value, station.unit)),
    value && trend(value.previous, value.value));
}

/** @param {Station} station */
function levelOf(station) {
  return alertOf(station.id)?.level ?? (store.values.has(station.id) ? "normal" : "silent");
}

/** Give every label a place of its own, the worst first; one without room shows its shape alone. */
function arrange() {
  const size = map.getSize();
  const items = [...drawn.entries()].map(([id, { marker, node }]) => {
    const tag = /** @type {HTMLElement} */ (node.querySelector(".tag"));
    const { x, y } = map.latLngToContainerPoint(marker.getLatLng());
    return { node, tag, x, y, width: tag.offsetWidth, height: tag.offsetHeight, urgency: urgency(id) };
  });
  items.sort((a, b) => a.urgency - b.urgency);
  const seen = items.filter(({ x, y }) => x > -40 && y > -40 && x < size.x + 40 && y < size.y + 40);
  const places = place(seen, { width: size.x, height: size.y }, obstacles());
  seen.forEach((item, i) => move(item, places[i]));
}

/** What stands over the map. */
function obstacles() {
  const ground = map.getContainer().getBoundingClientRect();
  return [...document.querySelectorAll(".map-tools, .legend, .card:not([hidden]), .map-foot")].map((node) => {
    const box = node.getBoundingClientRect();
    return { left: box.left - ground.left, top: box.top - ground.top, right: box.right - ground.left, bottom: box.bottom - ground.top };
  });
}

/** @param {{node: HTMLElement, tag: HTMLElement}} item @param {{dx: number, dy: number, endX: number, endY: number} | null} where */
function move({ node, tag }, where) {
  node.classList.toggle("bare", where === null);
  if (where === null) return;
  tag.style.left = `${where.dx}px`;
  tag.style.top = `${where.dy}px`;
  const line = /** @type {SVGElement} */ (node.querySelector("line"));
  line.setAttribute("x2", String(where.endX));
  line.setAttribute("y2", String(where.endY));
}

/** @param {number} id */
function urgency(id) {
  const alert = alertOf(id);
  return alert ? rank(alert.level) : store.values.has(id) ? 10 : 20;
}

