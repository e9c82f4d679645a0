/** The scales of what the map is coloured by: bounds that stay, so that two days can be compared. */

import { t } from "../strings.js";

/** @typedef {{id: number, red: number, orange: number, yellow: number, blue: number, sensors: number, silent: number, answer_s: number | null, load: number | null}} Tally */
/** @typedef {"silent" | "answer" | "load"} Measure */

/** Upper bounds of all classes but the last. @type {Record<Measure, number[]>} */
export const BOUNDS = { silent: [0, 2, 5, 10], answer: [60, 180, 300, 600], load: [1, 2, 4, 8] };
export const CLASSES = 5;

/** @param {Measure} measure @param {Tally} tally @returns {number | null} null: there is nothing to tell */
export function valueOf(measure, tally) {
  if (measure === "silent") return tally.sensors > 0 ? tally.silent : null;
  return measure === "answer" ? tally.answer_s : tally.load;
}

/** 1 to CLASSES. @param {Measure} measure @param {number} value */
export function classOf(measure, value) {
  const found = BOUNDS[measure].findIndex((bound) => value <= bound);
  return found < 0 ? CLASSES : found + 1;
}

/** What a class holds, in words of its unit. @param {Measure} measure @param {number} number 1 to CLASSES */
export function classTold(measure, number) {
  const [low, high] = [BOUNDS[measure][number - 2], BOUNDS[measure][number - 1]];
  if (high === undefined) return `> ${told(measure, low)}`;
  if (low === undefined) return high === 0 ? told(measure, 0) : `≤ ${told(measure, high)}`;
  const from = measure === "silent" ? low + 1 : low;
  return measure === "answer" ? `${told(measure, low)} – ${told(measure, high)}` : `${from} – ${told(measure, high)}`;
}

/** @param {Measure} measure @param {number} value */
export function told(measure, value) {
  if (measure !== "answer") return String(Math.round(value * 10) / 10);
  if (value < 60) return t("city.shade.seconds", { n: Math.round(value) });
  return t("city.shade.minutes", { n: value < 600 ? Math.round(value / 6) / 10 : Math.round(value / 60) });
}
