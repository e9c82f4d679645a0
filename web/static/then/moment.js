/**
 * The moment that the screen shows: it is read as the address says it, one request at a time, and drawn by feeding the
 * store. While it is shown the live stream is held back, and nothing can be done that would be done now.
 */

import { said, say, whenSaid } from "../address.js";
import { takeSnapshot } from "../store.js";
import { addressOf, holdStream, releaseStream } from "../stream.js";

const QUIET_MS = 500; // the address follows a moving clock no oftener

/** @type {Set<() => void>} */ const listeners = new Set();
/** @type {AbortController | null} */ let asked = null;
/** Fetched ahead. @type {{ms: number, division: string, snapshot: Promise<import("../store.js").Snapshot>} | null} */ let ahead = null;
let toldAt = -Infinity;
/** @type {() => void} */ let readAnew = () => {};

export const moment = {
  /** What the screen shows, or is on its way to; null: live. @type {number | null} */ ms: null,
  /** The same, once it is drawn. @type {number | null} */ drawn: null,
  /** Why it could not be. */ fault: "",
};

/** @param {() => void} act whenever `moment` has changed */
export function whenMoment(act) {
  listeners.add(act);
}

function tell() {
  for (const act of listeners) act();
}

/** Follow the address. @param {() => void} onOutdated as of startStream */
export function followAddress(onOutdated) {
  readAnew = onOutdated;
  whenSaid(["at"], heed);
  whenSaid(["in"], () => { if (moment.ms !== null) void show(moment.ms); });
  heed();
}

/** The address may say what is shown anyway. */
function heed() {
  const ms = Date.parse(said("at"));
  if (Number.isNaN(ms)) { if (moment.ms !== null) leave(); } else if (ms !== moment.ms) void show(ms);
}

/** Go there. @param {number} ms @param {{quiet?: boolean}} [how] quiet: the step is none that one goes back to */
export async function goTo(ms, { quiet = moment.ms !== null } = {}) {
  const whole = Math.round(ms / 1000) * 1000;
  const done = show(whole);
  if (!quiet || performance.now() - toldAt >= QUIET_MS) tellAddress(whole, quiet);
  else setTimeout(() => { if (moment.ms === whole) tellAddress(whole, true); }, QUIET_MS);
  return done;
}

/** @param {number} ms @param {boolean} quiet */
function tellAddress(ms, quiet) {
  toldAt = performance.now();
  say({ at: iso(ms) }, { quiet });
}

/** Back to the present. */
export function goLive() {
  say({ at: null, pace: null });
}

function leave() {
  asked?.abort();
  [asked, ahead] = [null, null];
  Object.assign(moment, { ms: null, drawn: null, fault: "" });
  delete document.body.dataset.past;
  releaseStream(readAnew);
  tell();
}

/** @param {number} ms @returns {Promise<boolean>} whether it is what is shown now */
async function show(ms) {
  if (moment.ms === null) enter();
  moment.ms = ms;
  tell();
  const snapshot = fetched(ms);
  try {
    const found = await snapshot;
    if (moment.ms !== ms) return false;
    takeSnapshot(found);
    Object.assign(moment, { drawn: ms, fault: "" });
  } catch (error) {
    if (moment.ms !== ms || /** @type {Error} */ (error).name === "AbortError") return false;
    moment.fault = /** @type {Error} */ (error).message;
  }
  tell();
  return moment.fault === "";
}

function enter() {
  holdStream();
  document.body.dataset.past = "yes";
}

/** What is fetched ahead is used; anything else is asked for no more. @param {number} ms */
function fetched(ms) {
  const ready = ahead !== null && ahead.ms === ms && ahead.division === said("in") ? ahead.snapshot : null;
  ahead = null;
  return ready ?? ask(ms);
}

/** Ask for what will be shown next, once nothing else is asked for. @param {number} ms */
export function prefetch(ms) {
  const whole = Math.round(ms / 1000) * 1000;
  const snapshot = ask(whole);
  snapshot.catch(() => {}); // told when it is to be shown
  ahead = { ms: whole, division: said("in"), snapshot };
}

/** @param {number} ms @returns {Promise<import("../store.js").Snapshot>} */
async function ask(ms) {
  asked?.abort();
  const own = (asked = new AbortController());
  const answer = await fetch(addressOf("/api/then", { at: iso(ms) }), { signal: own.signal });
  if (!answer.ok) throw new Error(await why(answer));
  return answer.json();
}

/** @param {Response} answer */
export async function why(answer) {
  const told = await answer.json().catch(() => ({}));
  const zh = document.documentElement.dataset.language !== "en";
  return (zh && told.error_zh) || told.error || String(answer.status);
}

/** As the address says it: whole seconds, with the offset of the city. @param {number} ms */
export function iso(ms) {
  return `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}
