/** Where stations are too many: one sign for each division below, with the server's counts; it leads into that division. */

import { say } from "../address.js";
import { map } from "../citymap.js";
import { el } from "../dom.js";
import { store, when } from "../store.js";
import { t } from "../strings.js";
import { arrangeSoon } from "./arranging.js";
import { division, ofLevel } from "./divisions.js";
import { gather } from "./gather.js";
import { inView, whenPath } from "./path.js";
import { isCrowded, whenSigned, worstAlert } from "./signs.js";
import { tallied, want, whenTallied } from "./tallies.js";

/* global L */

/** @typedef {{key: string, id: number | null, name: string, at: [number, number], sensors: number, silent: number}} Count */

const NEAR = 9.6; // from this zoom on the whole city is counted by township
const RADIUS = 80; // px, of what is gathered here because no division below is drawn

/** @type {Map<string, {marker: any, told: string}>} */
const drawn = new Map();

/** Keep them up to date. */
export function keepClusters() {
  whenSigned(renew);
  whenTallied(renew);
  whenPath(renew);
  when("values", () => { if (drawn.size && tallied("clusters") === null) renew(); });
}

function renew() {
  const level = levelShown();
  want("clusters", isCrowded() && level !== null ? { level, in: level === "township" && inView() ? /** @type {any} */ (inView()).id : null } : null);
  const counts = isCrowded() ? (level === null ? gatheredHere() : countsOf(level)) : [];
  put(counts.filter(({ at, sensors }) => sensors > 0 && map.getBounds().pad(0.2).contains(at)));
}

/** @returns {"district" | "township" | null} null: nothing below is drawn with a middle of its own */
function levelShown() {
  const here = inView();
  if (!here) return map.getZoom() < NEAR ? "district" : "township";
  return here.level === "district" ? "township" : null;
}

/** The server's counts; until they come, or of the past, those of the stations that are here. @param {"district" | "township"} level @returns {Count[]} */
function countsOf(level) {
  const rows = tallied("clusters") ?? countedHere(level);
  return [...rows.values()].flatMap(({ id, sensors, silent }) => {
    const one = division(id);
    return one?.middle ? [{ key: `${level} ${id}`, id, name: one.name, at: one.middle, sensors, silent }] : [];
  });
}

/** @param {"district" | "township"} level */
function countedHere(level) {
  const districts = new Map(ofLevel("district").map(({ id, name }) => [name, id]));
  /** @type {Map<number, {id: number, sensors: number, silent: number}>} */ const rows = new Map();
  for (const station of store.stations.values()) {
    const id = level === "township" ? station.township_id : (districts.get(station.district ?? "") ?? null);
    if (id === null) continue;
    const row = rows.get(id) ?? { id, sensors: 0, silent: 0 };
    rows.set(id, { id, sensors: row.sensors + 1, silent: row.silent + (store.values.has(station.id) ? 0 : 1) });
  }
  return rows;
}

/** @returns {Count[]} */
function gatheredHere() {
  const points = [...store.stations.values()].filter(({ id, lon }) => lon !== null && !worstAlert(id))
    .map((of) => ({ ...map.project([of.lat, of.lon], map.getZoom()), of })).map(({ x, y, of }) => ({ x, y, of }));
  return gather(points, RADIUS).map(({ x, y, of }) => {
    const { lat, lng } = map.unproject([x, y], map.getZoom());
    return { key: `here ${of[0].id}`, id: null, name: of[0].label || of[0].name, at: /** @type {[number, number]} */ ([lat, lng]), sensors: of.length, silent: of.filter(({ id }) => !store.values.has(id)).length };
  });
}

/** @param {Count[]} counts */
function put(counts) {
  const next = new Map(counts.map((count) => [count.key, count]));
  for (const [key, { marker, told }] of drawn) {
    const count = next.get(key);
    if (count && told === toldOf(count)) continue;
    marker.remove();
    drawn.delete(key);
  }
  let added = false;
  for (const [key, count] of next) {
    if (drawn.has(key)) continue;
    drawn.set(key, { marker: add(count), told: toldOf(count) });
    added = true;
  }
  if (added) arrangeSoon();
}

/** @param {Count} count */
const toldOf = ({ sensors, silent, at }) => `${sensors} ${silent} ${at}`;

/** @param {Count} count */
function add({ id, name, at, sensors, silent }) {
  const title = t("city.sensors", { name, sensors, silent });
  const node = el("div", { class: "cluster", "data-division": id }, el("b", {}, sensors),
    silent > 0 && el("span", { class: "cluster-silent" }, t("city.silent", { n: silent })));
  const marker = L.marker(at, {
    pane: "clusters", title, alt: title, icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  });
  const open = () => (id === null ? map.setView(at, Math.min(17, map.getZoom() + 2), { animate: false }) : say({ in: id, sensor: null, thing: null }));
  marker.on("click", open).on("keydown", (/** @type {any} */ { originalEvent }) => { if (originalEvent.key === "Enter") open(); });
  return marker.addTo(map);
}
