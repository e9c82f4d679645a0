/** What a step does, worked out here: so that it shows at once, and while the server does not answer. Pure. */

import { boxOf, holds, keyOf, moved, rerouted, withRings, without } from "./rings.js";

/* global topojson */

/**
 * @typedef {import("./rings.js").Point} Point
 * @typedef {{ type: "Feature", id: string, geometry: import("./rings.js").Shape, properties: any }} Unit
 * @typedef {{ kind: string, [name: string]: any }} Step
 * @typedef {Map<string, Unit | null>} Change by key; null: it is gone
 */

/** Steps whose result only the server knows. */
export const SERVER_ONLY = new Set(["split", "transfer", "replace"]);

/**
 * @param {Map<string, Unit>} units @param {Step} step
 * @returns {Change} nothing for a step whose result only the server knows
 */
export function applied(units, step) {
  switch (step.kind) {
    case "move": return eachRing(units, step.moves.map((/** @type {Point[]} */ one) => one[0]), byMoves(step.moves));
    case "reshape": return eachRing(units, [step.old[0]], (ring) => rerouted(ring, step.old, step.new));
    case "add_vertex": return eachRing(units, [step.edge[0]], (ring) => rerouted(ring, step.edge, [step.edge[0], step.at, step.edge[1]]));
    case "remove_vertex": return eachRing(units, [step.at], (ring) => without(ring, step.at));
    case "merge": return mergedUnits(units, step);
    case "rename": return renamed(units, step);
    default: return new Map();
  }
}

/** @param {Point[][]} moves */
function byMoves(moves) {
  const where = new Map(moves.map(([from, to]) => [keyOf(from), to]));
  return (/** @type {import("./rings.js").Ring} */ ring) => moved(ring, where);
}

/**
 * @param {Map<string, Unit>} units @param {Point[]} near one of these lies on whatever changes
 * @param {(ring: import("./rings.js").Ring) => import("./rings.js").Ring} change
 */
function eachRing(units, near, change) {
  /** @type {Change} */ const made = new Map();
  for (const [key, unit] of units) {
    if (!near.some((point) => holds(boxOf(unit.geometry), point))) continue;
    const geometry = withRings(unit.geometry, change);
    if (geometry !== unit.geometry) made.set(key, { ...unit, geometry, properties: touched(unit) });
  }
  return made;
}

/** What is known of a unit whose shape changed here: its area is not. @param {Unit} unit */
const touched = (unit) => ({ ...unit.properties, area_m2: null, state: unit.properties.state === "new" ? "new" : "changed" });

/** @param {Map<string, Unit>} units @param {Step} step */
function mergedUnits(units, step) {
  const parts = step.units.map((/** @type {string} */ key) => units.get(key)).filter(Boolean);
  const kept = units.get(step.into);
  if (!kept || parts.length < 2) return new Map();
  const topology = topojson.topology({ parts: { type: "FeatureCollection", features: parts } });
  const geometry = topojson.merge(topology, topology.objects.parts.geometries);
  const sum = parts.some((/** @type {Unit} */ one) => one.properties.households === null) ? null
    : parts.reduce((/** @type {number} */ all, /** @type {Unit} */ one) => all + one.properties.households, 0);
  const properties = { ...touched(kept), households: sum, ...(step.name ? { name: step.name } : {}) };
  /** @type {Change} */ const made = new Map([[step.into, { ...kept, geometry, properties }]]);
  for (const one of parts) if (one.id !== step.into) made.set(one.id, null);
  return made;
}

/** @param {Map<string, Unit>} units @param {Step} step */
function renamed(units, step) {
  const unit = units.get(step.unit);
  if (!unit) return new Map();
  const said = { name: step.name, code: step.code, kind: step.unit_kind, households: step.households };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const state = unit.properties.state === "new" ? "new" : "changed";
  return new Map([[step.unit, { ...unit, properties: { ...unit.properties, ...given, state } }]]);
}

/** Keys of the units that a step names or whose shape it changes. @param {Map<string, Unit>} units @param {Step} step @returns {string[]} */
export function touchedBy(units, step) {
  switch (step.kind) {
    case "split": case "rename": return [step.unit];
    case "transfer": return [step.from, step.to];
    case "merge": return step.units;
    case "replace": return [...step.units.map((/** @type {any} */ one) => one.key).filter(Boolean), ...step.gone];
    default: return [...applied(units, step).keys()];
  }
}
