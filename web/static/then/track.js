/** What the chart draws: asked for once for each span and division, and again when the span changes. */

import { addressOf } from "../stream.js";
import { iso, why } from "./moment.js";

/**
 * @typedef {{since: string, until: string, step_s: number, first: string | null, times: string[], red: number[],
 *   orange: number[], yellow: number[], blue: number[], opened: number[], closed: number[], runs: number[],
 *   values: {sensor: number, label: string, unit: string, quantity: string, values: (number | null)[]}[],
 *   moments: string[], exercise: boolean}} Track
 */

export const SPANS_H = [24, 168, 720];
const HOUR_MS = 3_600_000;

export const span = {
  /** @type {Track | null} */ track: null,
  hours: 24,
  /** @type {number} */ from: 0,
  /** @type {number} */ to: 0,
  /** The present, as it was last told; 0: not yet. */ present: 0,
  fault: "",
};

let number = 0;

/** The present by the server's clock. */
export async function askPresent() {
  const answer = await fetch("/api/then/track?step=86400").catch(() => null);
  if (answer?.ok) span.present = Date.parse((await answer.json()).until);
  return span.present;
}

/** The shortest span to the present that has the moment, else one around it. @param {number} ms @param {number} [hours] */
export function spanOf(ms, hours) {
  const wide = hours ?? SPANS_H.find((one) => span.present - ms <= one * HOUR_MS) ?? 24;
  const to = span.present - ms <= wide * HOUR_MS ? span.present : Math.min(span.present, ms + (wide * HOUR_MS) / 2);
  Object.assign(span, { hours: wide, from: to - wide * HOUR_MS, to });
}

/** Read the chart of the span. @returns {Promise<boolean>} whether it is still the one that is wanted */
export async function readTrack() {
  const mine = ++number;
  const asked = addressOf("/api/then/track", { from: iso(span.from), to: iso(span.to) });
  const answer = await fetch(asked).catch(() => null);
  const told = answer?.ok ? await answer.json() : null;
  if (mine !== number) return false;
  span.track = told;
  span.fault = answer === null || told ? "" : await why(answer);
  return true;
}

/** The next moment at which something happened, or the one before. @param {number} ms @param {1 | -1} way @returns {number | null} */
export function jump(ms, way) {
  const times = (span.track?.moments ?? []).map(Date.parse);
  const found = way > 0 ? times.find((one) => one > ms) : times.findLast((one) => one < ms);
  return found ?? null;
}
