/**
 * A red incident takes the stage: the map flies to it, it sounds, and it stays until it is acknowledged or put away.
 *
 * The newest has the stage; other reds are counted there. What is on the stage the address says (`incident`).
 */

import { said, say, whenSaid } from "../address.js";
import { byId } from "../dom.js";
import { countDown } from "../runs.js";
import { acknowledgeAll } from "./acknowledge.js";
import { ring } from "./sound.js";
import { clearMap, showOnMap } from "./stage_map.js";
import { stageView } from "./stage_view.js";
import { ask, fetched, now, whenTold } from "./told.js";

/**
 * @typedef {import("../levels.js").Level} Level
 * @typedef {{id: number, rule_id: string, kind: string, sensor_id: number | null, level: Level, state: string,
 *   value: number | null, opened_at: string, exercise: boolean, lon: number | null, lat: number | null, label: string,
 *   unit: string, township: string | null}} StageAlert
 * @typedef {{run_id: number, routes: Array<{id: string, avoid: string, to: string, line: Array<[number, number]> | null}>,
 *   shelters: Array<{id: string, name: string, capacity: number}>, resources: Array<{item: string, count: number}>,
 *   threatened: Record<string, number> | null, command: Record<string, string>}} PlanPlaces
 * @typedef {{incident: {id: number, family: string, level: Level, peak: Level, state: string, exercise: boolean,
 *   opened_at: string, lon: number | null, lat: number | null}, alerts: StageAlert[],
 *   lanes: import("./told.js").Lane[], plans: PlanPlaces[], in_need: Record<string, number> | null,
 *   ground: {type: string, features: any[]}, may_act: boolean}} Stage
 */

/** Red ones that were there: only what is new, or newly red, takes the stage. @type {Set<number> | null} */
let known = null;
/** @type {Stage | null} */ let shown = null;
let asked = 0;
let acting = false;
let fault = "";
let held = false; // by a finger: what is pressed stays until it is let go

/** Take the stage whenever there is cause. */
export function startStage() {
  whenSaid(["incident", "at"], () => void show());
  whenTold(() => { look(); void show(); });
  byId("incident-stage").addEventListener("pointerdown", () => { held = true; });
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => setTimeout(() => { if (held) { held = false; draw(); } }));
  if (said("incident")) void show();
}

/** Whether something became red that nobody has answered. */
function look() {
  if (!now.told) return;
  const reds = now.told.incidents.filter(({ level, waiting }) => level === "red" && waiting > 0);
  const before = known;
  const fresh = before === null ? [] : reds.filter(({ id }) => !before.has(id));
  known = new Set(now.told.incidents.filter(({ level }) => level === "red").map(({ id }) => id));
  const newest = fresh.reduce((/** @type {import("./told.js").Waiting | null} */ last, one) => (last && Date.parse(last.waiting_since ?? "") > Date.parse(one.waiting_since ?? "") ? last : one), null);
  if (!newest) return;
  ring();
  say({ incident: newest.id }, { quiet: true });
}

/** Other reds that wait. */
export function otherReds() {
  return (now.told?.incidents ?? []).filter(({ id, level, waiting }) => level === "red" && waiting > 0 && id !== shown?.incident.id);
}

/** What the address names, as it stands now. */
async function show() {
  const number = said("at") ? "" : said("incident");
  if (!number) return leave();
  const mine = (asked += 1);
  const told = /** @type {Stage | null} */ (await fetched(`/api/now/incidents/${encodeURIComponent(number)}`));
  if (mine !== asked || said("incident") !== number) return;
  if (!told) return shown ? undefined : say({ incident: null }, { quiet: true });
  if (shown?.incident.id === told.incident.id && shown.alerts.some(waits) && !told.alerts.some(waits)) return say({ incident: null }, { quiet: true }); // somebody has answered
  const other = shown?.incident.id !== told.incident.id;
  shown = told;
  if (other) fault = "";
  draw();
  showOnMap(told, other);
}

/** @param {StageAlert} alert */
const waits = (alert) => alert.state === "open";

function leave() {
  asked += 1;
  if (shown) clearMap(true);
  shown = null;
  byId("incident-stage").hidden = true;
  byId("incident-stage").replaceChildren();
}

function draw() {
  const section = byId("incident-stage");
  if (!shown || held) return;
  const { level, exercise } = shown.incident;
  section.className = `incident-stage level-${level} ${exercise ? "is-drill" : ""}`;
  const focused = document.activeElement?.id === "stage-ack";
  const scrolled = section.querySelector(".stage-body")?.scrollTop ?? 0;
  section.replaceChildren(...stageView(shown, { others: otherReds(), acting, fault, close, acknowledge: () => void answer() }));
  section.hidden = false;
  section.querySelector(".stage-body")?.scrollTo(0, scrolled);
  countDown();
  if (focused) document.getElementById("stage-ack")?.focus();
}

function close() {
  say({ incident: null }, { quiet: true });
}

async function answer() {
  if (!shown || acting) return;
  acting = true;
  draw();
  const { failed, why } = await acknowledgeAll(shown.alerts.filter(waits).map(({ id }) => id));
  acting = false;
  fault = failed ? why : "";
  ask();
  if (failed) draw();
  else close();
}
