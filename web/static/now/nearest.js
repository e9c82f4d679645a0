/** Which sensors are worth a small chart: over a threshold, or nearest to one, by its own levels or by the rules'. */

import { LEVEL_OF_THRESHOLD, rank } from "../levels.js";
import { alertOf, store } from "../store.js";
import { levelsOf } from "../thresholds.js";
import { now } from "./told.js";

/**
 * @typedef {{level: import("../levels.js").Level | "none", value: number}} Band
 * @typedef {{station: import("../store.js").Station, bands: Band[]}} Near
 */

/** From which value on which level, lowest first. @param {import("../store.js").Station} station @returns {Band[]} */
export function bandsOf(station) {
  const own = levelsOf(station).map(({ key, value }) => ({ level: LEVEL_OF_THRESHOLD[key] ?? "none", value }));
  return own.length ? own : now.standing?.bands[station.quantity] ?? [];
}

/** @param {number} most @returns {Near[]} the gravest alert first, then the nearest to its lowest threshold */
export function nearest(most) {
  /** @type {Array<Near & {place: number}>} */ const found = [];
  for (const station of store.stations.values()) {
    const value = store.values.get(station.id)?.value;
    const bands = value === undefined ? [] : bandsOf(station);
    const alert = alertOf(station.id);
    if (value === undefined || (!bands.length && !alert)) continue;
    found.push({ station, bands, place: alert ? rank(alert.level) - 10 : distance(value, bands) });
  }
  return found.sort((a, b) => a.place - b.place || a.station.id - b.station.id).slice(0, most);
}

/** In spans of its own thresholds, so that metres and percent compare. @param {number} value @param {Band[]} bands */
function distance(value, bands) {
  const [low, high] = [bands[0].value, bands[bands.length - 1].value];
  return (low - value) / (high > low ? high - low : Math.max(1, Math.abs(low) * 0.02));
}
