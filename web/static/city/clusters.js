/** Where stations are too many: one sign for each division below, with the server's counts; it leads into that division. */

import { say } from "../address.js";
import { map } from "../citymap.js";
import { el } from "../dom.js";
import { shape } from "../levels.js";
import { store, when } from "../store.js";
import { t } from "../strings.js";
import { arrangeSoon } from "./arranging.js";
import { division, ofLevel } from "./divisions.js";
import { gather } from "./gather.js";
import { inView, whenPath } from "./path.js";
import { isCrowded, whenSigned, worstAlert } from "./signs.js";
import { tallied, want, whenTallied } from "./tallies.js";

/* global L */

/** @typedef {{key: string, ids: number[], name: string, at: [number, number], sensors: number, silent: number}} Count
 *   ids: of the divisions that are counted; none: what is gathered here */

const NEAR = 9.6; // from this zoom on the whole city is counted by township
const RADIUS = 84; // px: nearer ones are counted together

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
  const counts = isCrowded() ? (level === null ? stationsHere() : countsOf(level)) : [];
  put(together(counts.filter(({ at, sensors }) => sensors > 0 && map.getBounds().pad(0.2).contains(at))));
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
    return one?.middle ? [{ key: `${level} ${id}`, ids: [id], name: one.name, at: one.middle, sensors, silent }] : [];
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
function stationsHere() {
  return [...store.stations.values()].filter(({ id, lon }) => lon !== null && !worstAlert(id)).map((one) => ({
    key: `station ${one.id}`, ids: [], name: one.label || one.name, at: /** @type {[number, number]} */ ([one.lat, one.lon]), sensors: 1, silent: store.values.has(one.id) ? 0 : 1,
  }));
}

/** Those that would cover one another are counted together. @param {Count[]} counts @returns {Count[]} */
function together(counts) {
  const sum = (/** @type {Count[]} */ of, /** @type {"sensors" | "silent"} */ what) => of.reduce((all, one) => all + one[what], 0);
  const points = counts.sort((a, b) => b.sensors - a.sensors).map((of) => ({ of, at: map.project(of.at, map.getZoom()) }));
  return gather(points.map(({ of, at: { x, y } }) => ({ x, y, of })), RADIUS).map(({ of }) => (of.length === 1 ? of[0] : {
    ...of[0], ids: of.flatMap(({ ids }) => ids), name: t("city.andOthers", { name: of[0].name, n: of.length }), sensors: sum(of, "sensors"), silent: sum(of, "silent"),
  }));
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
const toldOf = ({ sensors, silent, ids }) => `${sensors} ${silent} ${ids}`;

/** @param {Count} count */
function add(count) {
  const { ids, name, at, sensors, silent } = count;
  const title = t("city.sensors", { name, sensors, silent });
  const node = el("div", { class: "cluster", "data-division": ids.length === 1 ? ids[0] : null }, el("b", {}, sensors),
    silent > 0 && el("span", { class: "cluster-silent" }, shape("silent"), silent));
  const marker = L.marker(at, {
    pane: "clusters", title, alt: title, icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }),
  });
  marker.on("click", () => open(count)).on("keydown", (/** @type {any} */ { originalEvent }) => { if (originalEvent.key === "Enter") open(count); });
  return marker.addTo(map);
}

/** Into the division; of several, near enough for them to come apart. @param {Count} count */
function open({ ids, at }) {
  if (ids.length === 1) return say({ in: ids[0], sensor: null, thing: null });
  if (!ids.length) return map.setView(at, Math.min(17, map.getZoom() + 2), { animate: false });
  const middles = ids.flatMap((id) => (division(id)?.middle ? [/** @type {any} */ (division(id)).middle] : []));
  map.fitBounds(L.latLngBounds(middles), { padding: [160, 160], animate: false });
}
