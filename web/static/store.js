/** What this screen knows. The stream writes it, the views read it and are told what changed. */

/**
 * @typedef {{id: number, name: string, label: string, quantity: string, unit: string, datum: string | null,
 *   river: string, levels: Record<string, number>, source: string, interval_s: number | null,
 *   lon: number | null, lat: number | null, township_id: number | null, township: string | null,
 *   district: string | null, derived: boolean | null}} Station
 * @typedef {{id: number, time: string, value: number, previous: number | null}} LastValue
 * @typedef {{id: number, rule_id: string, subject: number, kind: string, family: string, sensor_id: number | null,
 *   sensor: string, label: string, unit: string, datum: string | null, river: string, quantity: string,
 *   township_id: number | null, township: string | null, district: string | null,
 *   level: import("./levels.js").Level, peak: string, state: string, value: number | null, exercise: boolean,
 *   opened_at: string, changed_at: string, lon: number | null, lat: number | null}} Alert
 * @typedef {{id: number, plan_id: string, township_id: number, township: string | null, district: string | null,
 *   level: import("./levels.js").Level, exercise: boolean, started_at: string}} Run
 * @typedef {{run_id: number, task_key: string, post: string, backup: string | null, what: string, after: string[],
 *   due_at: string | null, repeat_min: number | null, state: string}} Task
 * @typedef {{townships: number, townships_located: number, sensors: number, readings: number, late: number,
 *   quarantined: number, suppressed: number, inhibited: number}} Counts
 * @typedef {{id: number, family: string, level: import("./levels.js").Level, alerts: number, open_alerts: number,
 *   townships: number, township: string | null, newest: number, opened_at: string, exercise: boolean,
 *   lon: number | null, lat: number | null}} Incident
 * @typedef {{id: number, event: string, level: import("./levels.js").Level | null, sender: string, headline: string,
 *   ends: string, exercise: boolean}} OfficialWarning
 * @typedef {{incidents: Incident[], incident_count: number, warnings: OfficialWarning[], warning_count: number}} Notices
 * @typedef {{now: string, injected: boolean}} Clock
 * @typedef {{clock: Clock, layers: string, alerts: Alert[], runs: Run[], tasks: Task[], counts: Counts,
 *   notices: Notices}} Board
 * @typedef {{event_id: number, board: Board, stations: Station[], values: LastValue[], stations_shown: "all" | "alerts",
 *   build: string}} Snapshot
 * @typedef {"stations" | "values" | "board" | "clock" | "link"} Topic
 */

import { afterFrame, whenIdle } from "./idle.js";

const PATIENCE_MS = 1_000;

/** @type {Map<Topic, Array<(what?: unknown) => void>>} */
const listeners = new Map();

export const store = {
  /** @type {Map<number, Station>} */ stations: new Map(),
  /** @type {Map<number, LastValue>} */ values: new Map(),
  /** @type {Board | null} */ board: null,
  /** @type {"waiting" | "live" | "stale" | "database" | "past"} */ link: "waiting",
  /** Whether all stations in view are there, or only those with an open alert. @type {"all" | "alerts"} */ shown: "all",
  /** Of the server that the snapshot came from: it differs after an update. */ build: "",
  /** Whether a snapshot of what is in view is on its way. */ awaited: false,
  /** Milliseconds of the pipeline's clock, and of this page's when it was told. */
  clock: { told: 0, at: 0, injected: false },
};

/** @param {Topic} topic @param {(what?: any) => void} listener */
export function when(topic, listener) {
  listeners.set(topic, [...(listeners.get(topic) ?? []), listener]);
}

/** Draw once for whatever changes together, after the map: its frame comes first. @param {Topic[]} topics @param {() => void} draw */
export function whenAny(topics, draw) {
  let due = false;
  const ask = () => {
    if (!due) afterFrame(() => { due = false; draw(); });
    due = true;
  };
  for (const topic of topics) when(topic, ask);
}

/** @type {Set<() => void>} */ const waiting = new Set();

/** When the map has drawn what is in view: not before a snapshot that is on its way, but not much more than a second from now. @param {() => void} act */
export function whenDrawn(act) {
  if (!store.awaited) return whenIdle(act);
  const once = () => { if (waiting.delete(once)) whenIdle(act); };
  waiting.add(once);
  setTimeout(once, PATIENCE_MS);
}

/** @param {Topic} topic @param {unknown} [what] */
function tell(topic, what) {
  for (const listener of listeners.get(topic) ?? []) listener(what);
}

/** The pipeline's time now, in ms: one that is told stands still between two tellings. */
export function now() {
  const { told, at, injected } = store.clock;
  return injected ? told : told + performance.now() - at;
}

/** The worst open alert of a sensor. @param {number} sensor @returns {Alert | undefined} */
export function alertOf(sensor) {
  return store.board?.alerts.find((alert) => alert.sensor_id === sensor); // the board comes worst first
}

/** @param {Snapshot} snapshot */
export function takeSnapshot(snapshot) {
  store.stations = new Map(snapshot.stations.map((station) => [station.id, station]));
  store.values = new Map(snapshot.values.map((value) => [value.id, value]));
  store.board = snapshot.board;
  store.shown = snapshot.stations_shown;
  store.build = snapshot.build;
  store.awaited = false;
  setClock(snapshot.board.clock);
  for (const topic of /** @type {Topic[]} */ (["clock", "stations", "values", "board"])) tell(topic);
  for (const once of waiting) once();
}

/** @param {Board} board */
export function takeBoard(board) {
  store.board = board;
  takeClock(board.clock);
  tell("board");
}

/** Draw again what is known. */
export function retell() {
  if (store.board !== null) tell("board");
}

/** What was read before the snapshot may come after it: an older reading changes nothing. @param {LastValue[]} changed */
export function takeReadings(changed) {
  const newer = changed.filter(({ id, time }) => !(Date.parse(store.values.get(id)?.time ?? "") > Date.parse(time)));
  for (const value of newer) store.values.set(value.id, value);
  if (newer.length) tell("values", newer);
}

/** Other sensors have an open alert than before, and no more are shown. @param {{stations: Station[], values: LastValue[], gone: number[]}} told */
export function takeStations({ stations, values, gone }) {
  for (const station of stations) store.stations.set(station.id, station);
  for (const id of gone) {
    store.stations.delete(id);
    store.values.delete(id);
  }
  takeReadings(values);
  tell("stations");
}

/** @param {Clock} clock */
export function takeClock(clock) {
  setClock(clock);
  tell("clock");
}

/** @param {typeof store.link} link */
export function setLink(link) {
  if (store.link === link) return;
  store.link = link;
  tell("link");
}

/** @param {Clock} clock */
function setClock(clock) {
  store.clock = { told: Date.parse(clock.now), at: performance.now(), injected: clock.injected };
}
