/** What `/api/now` has told: asked again when the board has changed, at most every two seconds. */

import { said, whenSaid } from "../address.js";
import { when } from "../store.js";

/**
 * @typedef {import("../levels.js").Level} Level
 * @typedef {{id: number, family: string, level: Level, exercise: boolean, opened_at: string, lon: number | null,
 *   lat: number | null, alerts: number, open_alerts: number, waiting: number, waiting_since: string | null,
 *   acknowledged: number, alert_ids: number[], label: string, townships: number, township: string | null,
 *   district: string | null, runs: number[], called: number, answered: number}} Waiting
 * @typedef {{place: string | null, state: string, called_at: string | null, acknowledged_at: string | null,
 *   on_site_at: string | null, done_at: string | null, who: string | null,
 *   channels: Array<{channel: string, state: string}>}} Called
 * @typedef {{key: string, post: string, what: string, state: string, due_at: string | null, repeat_min: number | null,
 *   called: number, answered: number, places: Called[]}} LaneTask
 * @typedef {{id: number, plan_id: string, name: string, township_id: number, township: string | null,
 *   district: string | null, level: Level, state: string, exercise: boolean, drill: boolean, started_at: string,
 *   confirm_by: string | null, called: number, answered: number, done: number, tasks: LaneTask[]}} Lane
 * @typedef {{kind: "sensor" | "gateway", number: number, name: string, quantity: string, since: string,
 *   behind: number, township: string | null, district: string | null, exercise: boolean}} SilentOne
 * @typedef {{balanced: boolean | null, checked_at: string | null, since: string | null, until: string | null,
 *   missing: Array<{name: string, difference: number}>}} Ledger
 * @typedef {{now: string, incidents: Waiting[], incident_count: number, lanes: Lane[],
 *   silent: {sensors: number, gateways: number, nameable: number, named: SilentOne[]}, ledger: Ledger}} Told
 * @typedef {{blind: {townships: number, all_of_them: number, unheard: number, unplaced: number},
 *   bands: Record<string, Array<{level: Level, value: number, sum_h: number | null}>>}} Standing
 */

const AGAIN_MS = 2_000;
const STANDING_MS = 60_000;
const VIEWED_MS = 1_500; // so long after a change of view: what is seen comes first

/** Null: not known, or the screen shows the past. */
export const now = {
  /** @type {Told | null} */ told: null,
  /** @type {Standing | null} */ standing: null,
};

/** @type {Array<() => void>} */ const listeners = [];
let askedAt = -Infinity;
let due = 0;
let standingAt = -Infinity;

/** Call `act` whenever something new was told. @param {() => void} act */
export function whenTold(act) {
  listeners.push(act);
}

/** Keep it up to date. */
export function startTelling() {
  when("board", ask);
  whenSaid(["in", "at"], () => { standingAt = -Infinity; askedAt = performance.now() - AGAIN_MS + VIEWED_MS; ask(); });
  setInterval(ask, 10_000); // what no board tells of: the ledger
}

/** Soon, and not more often than every two seconds. */
export function ask() {
  if (due) return;
  due = window.setTimeout(() => { due = 0; void read(); }, Math.max(0, askedAt + AGAIN_MS - performance.now()));
}

async function read() {
  askedAt = performance.now();
  if (said("at")) return forget();
  const within = said("in") ? `?in=${encodeURIComponent(said("in"))}` : "";
  if (askedAt - standingAt > STANDING_MS) {
    standingAt = askedAt;
    now.standing = (await fetched(`/api/now/standing${within}`)) ?? now.standing;
  }
  const told = await fetched(`/api/now${within}`);
  if (said("at")) return forget();
  if (told) now.told = told;
  tell();
}

function forget() {
  if (now.told === null) return;
  now.told = null;
  tell();
}

function tell() {
  for (const act of listeners) act();
}

/** @param {string} address @returns {Promise<any>} null where it cannot be had */
export async function fetched(address) {
  const answer = await fetch(address).catch(() => null);
  return answer?.ok ? answer.json().catch(() => null) : null;
}
