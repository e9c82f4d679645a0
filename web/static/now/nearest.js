/** Which sensors are worth a small chart: over a threshold, or nearest to one, by its own levels or by the rules'. */

import { LEVEL_OF_THRESHOLD, rank } from "../levels.js";
import { alertOf, store } from "../store.js";
import { levelsOf } from "../thresholds.js";
import { now } from "./told.js";

/**
 * @typedef {{level: import("../levels.js").Level | "none", value: number, sum_h: number | null}} Band sum_h: of the sum of
 *   so many hours, and not of a reading
 * @typedef {{station: import("../store.js").Station, bands: Band[]}} Near
 */

const FALLING = 0.5; // spans: how near to a threshold rain that falls is taken to be, for the last reading does not tell

/** From which value on which level, lowest first. @param {import("../store.js").Station} station @returns {Band[]} */
export function bandsOf(station) {
  const own = levelsOf(station).map(({ key, value }) => ({ level: LEVEL_OF_THRESHOLD[key] ?? "none", value, sum_h: null }));
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
    if (!alert && bands[0].sum_h !== null && value <= 0) continue; // it does not rain
    found.push({ station, bands, place: alert ? rank(alert.level) - 10 : bands[0].sum_h === null ? distance(value, bands) : FALLING });
  }
  return found.sort((a, b) => a.place - b.place || a.station.id - b.station.id).slice(0, most);
}

/** In spans of its own thresholds, so that metres and percent compare. @param {number} value @param {Band[]} bands */
function distance(value, bands) {
  const [low, high] = [bands[0].value, bands[bands.length - 1].value];
  return (low - value) / (high > low ? high - low : Math.max(1, Math.abs(low) * 0.02));
}
