/** What divisions are coloured by: the worst open alert, or a measure on its scale. */

import { el } from "../dom.js";
import { COLOURS, rank } from "../levels.js";
import { store, when } from "../store.js";
import { t } from "../strings.js";
import { colour } from "../palette.js";
import { classOf, told, valueOf } from "./scale.js";
import { shade } from "./shades.js";
import { tallied, whenTallied } from "./tallies.js";

/** @typedef {import("../levels.js").Level} Level */

/** @type {Map<number, Level>} worst open alert by township */ let worst = new Map();
/** @type {Map<number, string>} the key of what each township is coloured by; others are quiet */ let coloured = new Map();
let gridsLook = "";
/** @type {(changed: Iterable<number>) => void} */ let restyle = () => {};
/** @type {Array<() => void>} */ const listeners = [];

/** Who draws townships is told which of them look different now. @param {typeof restyle} act */
export function styledOtherwise(act) {
  restyle = act;
}

/** Who draws something else in the same colours. @param {() => void} act */
export function whenColoured(act) {
  listeners.push(act);
}

/** Colour from now on. */
export function keepColours() {
  when("board", () => {
    worst = new Map();
    for (const { township_id: id, level } of store.board?.alerts ?? []) { // worst first
      if (id !== null && !worst.has(id)) worst.set(id, level);
    }
    recolour();
  });
  whenTallied(recolour);
}

/** Colour what is to be coloured otherwise than it is. */
export function recolour() {
  const next = shade() === "level" ? new Map(worst) : new Map([...(tallied("townships") ?? new Map()).keys()].map((id) => [id, classKey(id, "townships")]));
  for (const [id, key] of next) if (key === "") next.delete(id);
  const changed = new Set([...coloured.keys(), ...next.keys()].filter((id) => coloured.get(id) !== next.get(id)));
  coloured = /** @type {Map<number, string>} */ (next);
  restyle(changed);
  const grids = lookOfGrids();
  if (!changed.size && grids === gridsLook) return;
  gridsLook = grids;
  for (const act of listeners) act();
}

/** All that colours and names of grids are made of, beside alerts: the same text, the same look. */
function lookOfGrids() {
  const look = shade() === "level" ? levelIn : valueOfShade;
  return `${shade()} ${[...(tallied("grids") ?? new Map()).values()].map((tally) => `${tally.id}:${look(tally)}`)}`;
}

/** @param {number} id @param {string} who */
function classKey(id, who) {
  const value = measured(id, who);
  return value === null ? "" : String(classOf(/** @type {any} */ (shade()), value));
}

/** @param {number} id @param {string} who "townships" or "grids" @returns {number | null} */
function measured(id, who) {
  const tally = tallied(who)?.get(id);
  return tally && shade() !== "level" ? valueOfShade(tally) : null;
}

/** @param {import("./scale.js").Tally} tally */
const valueOfShade = (tally) => valueOf(/** @type {any} */ (shade()), tally);

/** The style of a township. @param {number} id */
export function styleOf(id) {
  const key = coloured.get(id);
  if (!key) return { color: colour("--township-line"), weight: 0.7, fillColor: colour("--township-fill"), fillOpacity: 1, quiet: true };
  if (key in COLOURS) return { color: COLOURS[/** @type {Level} */ (key)], weight: 2, fillColor: COLOURS[/** @type {Level} */ (key)], fillOpacity: 0.5, quiet: false };
  return { color: colour("--ground"), weight: 0.8, fillColor: colour(`--shade-${key}`), fillOpacity: 1, quiet: false };
}

/** The fill of a grid; null: none. @param {number} id @param {Map<number, Level>} alerts worst open alert by grid */
export function fillOfGrid(id, alerts) {
  if (shade() !== "level") {
    const key = classKey(id, "grids");
    return key ? { fill: colour(`--shade-${key}`), opacity: 0.9 } : null;
  }
  const level = worse(alerts.get(id), levelIn(tallied("grids")?.get(id)));
  return level ? { fill: COLOURS[level], opacity: 0.5 } : null;
}

/** @param {Level | undefined} a @param {Level | undefined} b */
const worse = (a, b) => (a && b ? (rank(a) < rank(b) ? a : b) : (a ?? b));

/** @param {import("./scale.js").Tally | undefined} tally @returns {Level | undefined} */
const levelIn = (tally) => /** @type {Level[]} */ (["red", "orange", "yellow", "blue"]).find((level) => tally && tally[level] > 0);

/** What is written beside a name, so that nothing rests on colour alone. @param {number} id */
export function valueShort(id, who = "townships") {
  const value = measured(id, who);
  return value === null ? "" : told(/** @type {any} */ (shade()), value);
}

/** What a township's note says. @param {{id: number, name: string, derived: boolean}} township */
export function noteOf({ id, name, derived }) {
  return el("div", {}, el("b", {}, name), measureTold(id), derived ? el("small", {}, t("derivedMark")) : null);
}

/** @param {number} id */
function measureTold(id) {
  if (shade() === "level") return null;
  const tally = tallied("townships")?.get(id);
  if (!tally) return null;
  const value = valueShort(id);
  return el("span", { class: "note-value" }, value
    ? t(`city.shade.value.${shade()}`, { value, sensors: tally.sensors }) : t(`city.shade.none.${shade()}`));
}
