/** Stations on the map: shape, name, last value and trend; labels keep clear of one another. */

import { map, thinNames } from "./citymap.js";
import { el, svg } from "./dom.js";
import { measured } from "./format.js";
import { rank, shape, trend } from "./levels.js";
import { place } from "./placing.js";
import { alertOf, store, when } from "./store.js";

/* global L */

/** @typedef {import("./store.js").Station} Station */

/** @type {Map<number, {marker: any, node: HTMLElement, level: string}>} */
const drawn = new Map();
/** @type {Set<number>} */ let due = new Set();
/** @type {(sensor: number) => void} */ let select = () => {};
let frame = 0;

/** Draw the stations and keep them so. @param {(sensor: number) => void} onSelect */
export function drawStations(onSelect) {
  select = onSelect;
  when("stations", () => renew([...store.stations.keys(), ...drawn.keys()]));
  when("values", (changed) => renew(changed ? changed.map((/** @type {{id: number}} */ { id }) => id) : store.stations.keys()));
  when("board", () => renew(store.stations.keys()));
  map.on("zoomend moveend resize", () => renew());
  if (document.fonts) document.fonts.addEventListener("loadingdone", () => renew());
}

/** Draw these, and place the labels, once per frame. @param {Iterable<number>} [sensors] */
function renew(sensors = []) {
  for (const id of sensors) due.add(id);
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const id of due) draw(id);
    due = new Set();
    arrange();
  });
}

/** @param {number} id */
function remove(id) {
  drawn.get(id)?.marker.remove();
  drawn.delete(id);
}

/** @param {number} id */
function draw(id) {
  const station = store.stations.get(id);
  if (!station || station.lon === null) return remove(id);
  const level = levelOf(station);
  const known = drawn.get(id);
  if (known && known.level !== level) remove(id); // Leaflet keeps a marker in its pane, and a new level has a new sign
  const { marker, node } = drawn.get(id) ?? add(station, level);
  marker.setLatLng([station.lat, station.lon]);
  node.querySelector(".tag")?.replaceWith(label(station));
}

/** @param {Station} station @param {import("./levels.js").Level | "normal" | "silent"} level */
function add(station, level) {
  const pane = level === "normal" || level === "silent" ? "stations" : "alerts";
  const node = el("div", { class: `station level-${level}`, "data-sensor": station.id },
    svg("svg", { class: "leader" }, svg("line")), el("span", { class: "pin" }, shape(level)), el("span", { class: "tag" }));
  const marker = L.marker([station.lat, station.lon], {
    pane, zIndexOffset: 10_000 - 1_000 * Math.min(9, urgency(station.id)), // the worst on top
    icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  });
  marker.on("click", () => select(station.id)).addTo(map);
  const made = { marker, node, level };
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
  thinNames([...document.querySelectorAll(".station:not(.bare) > .tag, .pin, .map-tools, .legend, .card:not([hidden])")].map((node) => node.getBoundingClientRect()));
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

