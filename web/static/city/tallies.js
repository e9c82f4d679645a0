/** Counts by division, from the server: asked for what is wanted, and again when the board changes. */

import { said, whenSaid } from "../address.js";
import { when, whenDrawn } from "../store.js";

/** @typedef {import("./scale.js").Tally} Tally */
/** @typedef {{level: string, in: number | null}} Want */

const AGAIN_MS = 2_000;

/** By who wants it. @type {Map<string, Want>} */
const wants = new Map();
/** @type {Map<string, Map<number, Tally>>} */
const known = new Map();
/** @type {Array<() => void>} */ const listeners = [];
let askedAt = -Infinity;
let timer = 0;

/** @param {() => void} act */
export function whenTallied(act) {
  listeners.push(act);
}

/** Keep what is wanted up to date. */
export function followBoard() {
  when("board", ask);
  whenSaid(["at"], () => { known.clear(); ask(); });
}

/** Somebody wants the divisions of a level counted, or nothing any more. @param {string} who @param {Want | null} want */
export function want(who, want) {
  if (keyOf(wants.get(who)) === keyOf(want ?? undefined)) return;
  if (want === null) wants.delete(who);
  else wants.set(who, want);
  if (want !== null && !known.has(keyOf(want))) askedAt = -Infinity; // something else is in view: at once
  for (const key of known.keys()) if (![...wants.values()].some((one) => keyOf(one) === key)) known.delete(key);
  if (want?.level === "grid") whenDrawn(ask); // they colour what is there already; of others, signs on the map are made
  else ask();
}

/** By id; null: not told yet, or not to be had. @param {string} who @returns {Map<number, Tally> | null} */
export const tallied = (who) => known.get(keyOf(wants.get(who))) ?? null;

/** @param {Want | undefined} want */
const keyOf = (want) => (want ? `${want.level} ${want.in ?? ""}` : "");

function ask() {
  if (said("at") || !wants.size) return; // counts are of now
  clearTimeout(timer);
  timer = window.setTimeout(() => void askNow(), Math.max(0, askedAt + AGAIN_MS - performance.now()));
}

async function askNow() {
  askedAt = performance.now();
  const distinct = new Map([...wants.values()].map((one) => [keyOf(one), one]));
  const told = await Promise.all([...distinct].map(async ([key, one]) => [key, await read(one)]));
  for (const [key, rows] of /** @type {Array<[string, Map<number, Tally> | null]>} */ (told)) {
    if (rows && !said("at") && [...wants.values()].some((one) => keyOf(one) === key)) known.set(key, rows);
  }
  for (const act of listeners) act();
}

/** @param {Want} want @returns {Promise<Map<number, Tally> | null>} */
async function read({ level, in: within }) {
  const answer = await fetch(`/api/tallies?level=${level}${within === null ? "" : `&in=${within}`}`).catch(() => null);
  if (!answer?.ok) return null;
  const { columns, rows } = await answer.json();
  return new Map(rows.map((/** @type {any[]} */ row) => [row[columns.indexOf("id")], Object.fromEntries(columns.map((/** @type {string} */ name, /** @type {number} */ i) => [name, row[i]]))]));
}
