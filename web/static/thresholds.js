/** A station's own levels, and how a value stands to them. */

import { t, word } from "./strings.js";

/** In the order they are passed as the water rises. */
const ORDER = ["warning", "guarantee", "highest"];

/**
 * The levels a station has, in ORDER, then any others.
 * @param {import("./store.js").Station} station
 * @returns {Array<{key: string, name: string, value: number}>}
 */
export function levelsOf(station) {
  return Object.entries(station.levels)
    .filter(([, value]) => typeof value === "number")
    .sort(([a], [b]) => place(a) - place(b))
    .map(([key, value]) => ({ key, name: word("levelName", key), value }));
}

/** @param {string} key */
const place = (key) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);

/**
 * How far over the highest level that is passed, or under the lowest: 超警戒 1.20 m.
 * @param {import("./store.js").Station} station @param {number} value
 */
export function margin(station, value) {
  const levels = levelsOf(station);
  if (!levels.length) return "";
  const passed = levels.filter((level) => value >= level.value).at(-1);
  return distance(passed ?? levels[0], value, station.unit);
}

/** How far over (+) or under (−) a level. @param {number} level @param {number} value @param {string} unit */
export function signed(level, value, unit) {
  return `${value >= level ? "+" : "−"}${Math.abs(value - level).toFixed(2)} ${unit}`;
}

/** @param {{name: string, value: number}} level @param {number} value @param {string} unit */
function distance(level, value, unit) {
  const by = `${Math.abs(value - level.value).toFixed(2)} ${unit}`;
  return t(value >= level.value ? "above" : "below", { level: level.name, by });
}
