/** Which signs stand on the map: alerts always, one for several that would cover one another; stations where there is room. */

import { map, whenLearnt } from "../citymap.js";
import { rank } from "../levels.js";
import { store, when } from "../store.js";
import { division } from "./divisions.js";
import { gather } from "./gather.js";

/** @typedef {import("../store.js").Alert} Alert */
/** @typedef {import("../store.js").Station} Station */
/** @typedef {{lat: number, lon: number, alert: Alert, station: Station | null}} Placed */
/** @typedef {{key: string, lat: number, lon: number, of: Placed[]}} Sign */

const MANY_STATIONS = 600; // of those in view that are drawn one by one
const MANY_ALERTS = 24; // more than that, and those that overlap become one sign
const RADIUS = 62; // px

/** @type {Map<number, Alert>} */ let worstOf = new Map();
/** @type {Sign[]} */ let signs = [];
/** @type {Set<number>} */ let shownStations = new Set();
let crowded = false;
/** @type {Array<() => void>} */ const listeners = [];

/** The worst open alert of a sensor. @param {number} sensor */
export const worstAlert = (sensor) => worstOf.get(sensor);
/** Signs of alerts, one or several in each. */
export const alertSigns = () => signs;
/** The stations that are drawn one by one: calm ones, and those that stand for an alert. */
export const drawnStations = () => shownStations;
/** There are too many stations in view: they are counted. */
export const isCrowded = () => crowded;

/** Whenever other signs are to be drawn. @param {() => void} act */
export function whenSigned(act) {
  listeners.push(act);
}

/** Know them from now on. */
export function keepSigns() {
  when("board", () => { readAlerts(); decide(); });
  when("stations", decide);
  map.on("moveend zoomend resize", decide);
  whenLearnt(decide);
}

function readAlerts() {
  worstOf = new Map();
  for (const alert of store.board?.alerts ?? []) { // worst first
    if (alert.sensor_id !== null && !worstOf.has(alert.sensor_id)) worstOf.set(alert.sensor_id, alert);
  }
}

function decide() {
  const placed = placedAlerts();
  signs = placed.length > MANY_ALERTS ? merged(placed) : placed.map(single);
  const single_ = signs.flatMap(({ of }) => (of.length === 1 && of[0].station ? [of[0].station.id] : []));
  const calm = calmInView();
  crowded = calm.length > MANY_STATIONS || isPartial();
  shownStations = new Set([...single_, ...(crowded ? [] : calm)]);
  for (const act of listeners) act();
}

/** The server shows stations with an alert only: the others are too many. */
const isPartial = () => store.shown === "alerts";

/** Of each sensor the worst, where its station stands, else where the alert itself says, else in its township. @returns {Placed[]} */
function placedAlerts() {
  const placed = [];
  for (const alert of store.board?.alerts ?? []) {
    const station = alert.sensor_id === null ? null : (store.stations.get(alert.sensor_id) ?? null);
    if (station && worstOf.get(station.id) !== alert) continue;
    const { lat, lon } = station?.lon != null ? station : alert.lon !== null ? alert : middleOf(alert.township_id);
    if (lat !== null && lon !== null) placed.push({ lat, lon, alert, station: station?.lon != null ? station : null });
  }
  return placed;
}

/** Somebody told of it without a place: it is seen all the same. @param {number | null} township */
function middleOf(township) {
  const [lat, lon] = division(township ?? -1)?.middle ?? [null, null];
  return { lat, lon };
}

/** @param {Placed} one @returns {Sign} */
const single = (one) => ({ key: one.station ? `station ${one.station.id}` : `alert ${one.alert.id}`, lat: one.lat, lon: one.lon, of: [one] });

/** @param {Placed[]} placed worst first */
function merged(placed) {
  const points = placed.map((of) => ({ ...map.project([of.lat, of.lon], map.getZoom()), of }));
  return gather(points.map(({ x, y, of }) => ({ x, y, of })), RADIUS).map(({ of }) => {
    const sign = single(of[0]);
    return of.length === 1 ? sign : { ...sign, key: `many ${of[0].alert.id}`, of };
  });
}

/** Stations without an alert, in view or a little beside it. @returns {number[]} */
function calmInView() {
  const bounds = map.getBounds().pad(0.1);
  const [south, north, west, east] = [bounds.getSouth(), bounds.getNorth(), bounds.getWest(), bounds.getEast()];
  const calm = [];
  for (const { id, lat, lon } of store.stations.values()) {
    if (lon !== null && lat !== null && lat > south && lat < north && lon > west && lon < east && !worstOf.has(id)) calm.push(id);
  }
  return calm;
}

/** How urgent a station is: 0 is the worst. @param {number} sensor */
export function urgency(sensor) {
  const alert = worstOf.get(sensor);
  return alert ? rank(alert.level) : store.values.has(sensor) ? 10 : 20;
}
