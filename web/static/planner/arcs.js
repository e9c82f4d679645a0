/** Borders of a few units cut into arcs: each shared border once, and the polygons made of them again. */

import { crossing, keyOf, ringsOf } from "./rings.js";

/* global topojson */

/**
 * @typedef {import("./rings.js").Point} Point
 * @typedef {import("./applying.js").Unit} Unit
 * @typedef {{ arc: number, at: number }} Spot a vertex: its arc and its place in it
 */

export class Arcs {
  /** @param {Unit[]} units of the draft, the chosen ones and what lies around @param {Unit[]} fixed others that share borders */
  constructor(units, fixed) {
    const features = [...units, ...fixed.map((one, i) => ({ ...one, id: `fixed ${i}` }))];
    this.topology = topojson.topology({ all: { type: "FeatureCollection", features } });
    /** @type {Point[][]} */ this.arcs = this.topology.arcs;
    this.shapes = new Map(this.topology.objects.all.geometries.map((/** @type {any} */ one) => [one.id, one]));
    this.own = new Map(units.map((one) => [one.id, one]));
    /** @type {Map<number, string[]>} by arc, who has it as a border */ this.users = new Map();
    for (const [key, shape] of this.shapes) for (const arc of arcsIn(shape)) this.users.set(arc, [...(this.users.get(arc) ?? []), key]);
    /** @type {Map<string, Spot[]>} by position */ this.spots = new Map();
    this.arcs.forEach((line, arc) => line.forEach((point, at) => this.#put(keyOf(point), { arc, at })));
  }

  /** @param {string} key @param {Spot} spot */
  #put(key, spot) {
    const known = this.spots.get(key);
    if (known) known.push(spot);
    else this.spots.set(key, [spot]);
  }

  /** @param {string} key @returns {number[]} */
  of(key) {
    const shape = this.shapes.get(key);
    return shape ? [...new Set(arcsIn(shape))] : [];
  }

  /** A unit's polygon from the arcs as they are now. @param {string} key @returns {import("./rings.js").Shape} */
  shapeOf(key) {
    return topojson.feature(this.topology, this.shapes.get(key)).geometry;
  }

  /** Units of the draft along these arcs. @param {number[]} arcs @returns {string[]} */
  along(arcs) {
    return [...new Set(arcs.flatMap((arc) => this.users.get(arc) ?? []))].filter((key) => this.own.has(key));
  }

  /** Whether an arc is no border between two units of one parent: then it is the parent's. @param {number} arc */
  isOuter(arc) {
    const units = (this.users.get(arc) ?? []).map((key) => this.own.get(key));
    return units.length < 2 || units.some((one) => !one || one.properties.parent_id !== units[0]?.properties.parent_id);
  }

  /** @param {Spot[]} spots @param {Point} point */
  put(spots, point) {
    for (const { arc, at } of spots) this.arcs[arc][at] = point;
  }

  /** Whether the edges at these vertices cross any other. @param {Spot[]} spots */
  isCrossed(spots) {
    const edges = spots.flatMap(({ arc, at }) => edgesAt(this.arcs[arc], at));
    const mine = spots.map(({ arc }) => arc);
    const near = new Set(this.along(mine).flatMap((key) => this.of(key)));
    return edges.some(([a, b]) => [...near].some((arc) => this.arcs[arc].some((point, i, line) => i > 0 && crossing(a, b, line[i - 1], point))));
  }

  /** The vertices around a unit, ring by ring, each once. @param {string} key @returns {Point[]} */
  around(key) {
    return this.shapes.has(key) ? ringsOf(this.shapeOf(key)).flatMap((ring) => ring.slice(0, -1)) : [];
  }
}

/** @param {Point[]} line @param {number} at @returns {Point[][]} */
function edgesAt(line, at) {
  return [[line[at - 1], line[at]], [line[at], line[at + 1]]].filter(([a, b]) => a && b);
}

/** @param {any} shape @returns {number[]} */
function arcsIn(shape) {
  return (shape.arcs ?? []).flat(Infinity).map((/** @type {number} */ one) => (one < 0 ? ~one : one));
}
