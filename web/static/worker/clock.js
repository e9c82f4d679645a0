/** The time that runs go by: the server's, told with each message; a replay has a time of its own. */

import { get, put } from "./store.js";

let ahead = 0; // ms that it is ahead of the phone's

/** As it was last told: a replay goes on in its own time also where there is no network. */
export async function openClock() {
  ahead = (await get("facts", "ahead")) ?? 0;
}

/** @param {string} now as the server told it just now */
export function setClock(now) {
  ahead = Date.parse(now) - Date.now();
  void put("facts", "ahead", ahead);
}

/** @returns {number} ms since 1970 */
export const now = () => Date.now() + ahead;

/** @param {number} ms @returns {string} 4:05, 1:04:05 */
export function span(ms) {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const pad = (/** @type {number} */ number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`;
}

const OF_DAY = new Intl.DateTimeFormat("zh-CN", {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Asia/Shanghai",
});

/** @param {string} time @returns {string} 16:05 in Beijing */
export const ofDay = (time) => OF_DAY.format(new Date(time));
