/** Stations on the map: shape, name, last value and trend; labels keep clear of one another. */

import { say } from "./address.js";
import { arrangeSoon, keepArranged } from "./city/arranging.js";
import { isOutside, whenPath } from "./city/path.js";
import { parts, sizeOfLabel } from "./city/label.js";
import { drawnStations, keepSigns, urgency, whenSigned, worstAlert } from "./city/signs.js";
import { map } from "./citymap.js";
import { el, svg } from "./dom.js";
import { measured } from "./format.js";
import { shape, trend } from "./levels.js";
import { store, when } from "./store.js";

/* global L */

/** @typedef {import("./store.js").Station} Station */

/** @type {Map<number, {marker: any, node: HTMLElement, level: import("./levels.js").Level | "normal" | "silent", told: string}>} */
const drawn = new Map();
/** @type {(sensor: number) => void} */ let select = () => {};
/** @type {Set<number>} */ const due = new Set();
let frame = 0;

/** Draw the stations and keep them so. @param {(sensor: number) => void} [onSelect] */
export function drawStations(onSelect = () => {}) {
  select = onSelect;
  whenSigned(() => renew([...drawn.keys(), ...drawnStations()]));
  when("stations", () => { for (const id of [...drawn.keys()]) remove(id); }); // names and places may be others
  when("values", (changed) => renew(changed ? changed.map((/** @type {{id: number}} */ { id }) => id) : drawn.keys()));
  keepArranged(() => [...drawn.entries()].map(([id, { marker, node, level }]) => {
    const station = /** @type {Station} */ (store.stations.get(id));
    return { marker, node, urgency: urgency(id), outside: isOutside(station?.township_id ?? null), size: () => sizeOf(station, level), write: () => write(node, station) };
  }));
  whenPath(arrangeSoon);
  keepSigns();
}

/** Draw these, once per frame. @param {Iterable<number>} sensors */
function renew(sensors) {
  for (const id of sensors) due.add(id);
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    for (const id of due) draw(id);
    due.clear();
  });
}

/** @param {number} id */
function remove(id) {
  drawn.get(id)?.marker.remove();
  drawn.delete(id);
}

/** Only what looks different is touched. @param {number} id */
function draw(id) {
  const station = drawnStations().has(id) ? store.stations.get(id) : undefined;
  if (!station || station.lon === null) {
    if (drawn.has(id)) arrangeSoon();
    return remove(id);
  }
  const level = worstAlert(id)?.level ?? (store.values.has(id) ? "normal" : "silent");
  if (drawn.get(id)?.level !== level) remove(id); // Leaflet keeps a marker in its pane, and a new level has a new sign
  const known = drawn.get(id) ?? add(station, level);
  const value = store.values.get(id);
  const told = value ? `${measured(value.value, station.unit)} ${Math.sign(value.value - (value.previous ?? value.value))}` : "";
  if (told === known.told) return;
  if (told.length !== known.told.length) arrangeSoon(); // else the label is as wide as it was
  known.told = told;
  known.node.querySelector(".tag")?.replaceChildren(...label(station));
}

/** @param {Station} station @param {import("./levels.js").Level | "normal" | "silent"} level */
function add(station, level) {
  const pane = level === "normal" || level === "silent" ? "stations" : "alerts";
  const node = el("div", { class: `station bare level-${level}`, "data-sensor": station.id }, pin(level));
  const marker = L.marker([station.lat, station.lon], {
    pane, zIndexOffset: 10_000 - 1_000 * Math.min(9, urgency(station.id)), // the worst on top
    alt: station.label || station.name,
    icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  });
  const choose = () => { select(station.id); say({ sensor: station.id }); };
  marker.on("click", choose).on("keydown", (/** @type {any} */ { originalEvent }) => { if (originalEvent.key === "Enter") choose(); });
  marker.addTo(map);
  const made = { marker, node, level, told: "" };
  drawn.set(station.id, made);
  arrangeSoon();
  return made;
}

/** Without an alert it is a disc of the style sheet: of those there are hundreds. @param {import("./levels.js").Level | "normal" | "silent"} level */
const pin = (level) => (level === "normal" || level === "silent" ? el("span", { class: "pin" }) : el("span", { class: "pin" }, shape(level)));

/** Its label, where it has got a place: of hundreds in view most have none. @param {HTMLElement} node @param {Station} station */
function write(node, station) {
  if (node.querySelector(".tag")) return;
  node.prepend(svg("svg", { class: "leader" }, svg("line")));
  node.append(el("span", { class: "tag" }, ...label(station)));
}

/** @param {Station} station @param {string} level */
function sizeOf(station, level) {
  const value = store.values.get(station.id);
  const texts = [station.label || station.name, ...(value ? [measured(value.value, station.unit)] : [])];
  return sizeOfLabel(`level-${level}`, texts);
}

/** @param {Station} station @returns {Node[]} */
function label(station) {
  const value = store.values.get(station.id);
  return parts(station.label || station.name, value && [measured(value.value, station.unit), trend(value.previous, value.value)]);
}
