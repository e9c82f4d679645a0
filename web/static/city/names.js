/** Names on the map: districts, rivers, and townships in the nearer views; none covers another or a station's label. */

import { map } from "../citymap.js";
import { el } from "../dom.js";
import { meet } from "../placing.js";
import { valueShort } from "./colouring.js";
import { ofLevel } from "./divisions.js";
import { around, inView, whenPath } from "./path.js";

/* global L */

const inCity = L.latLngBounds([28.4, 105.6], [31.6, 109.8]);
const NEAR = 10.6; // from this zoom on townships of any district are named
const MOST = 160;

/** @typedef {{marker: any, text: HTMLElement, outline: any, id?: number, off?: boolean}} Name */
/** @type {Name[]} */ let districts = [];
/** @type {Name[]} */ let rivers = [];
/** @type {Map<number, Name>} */ const townships = new Map();

/** Name the townships that are in view, from now on. */
export function keepNames() {
  map.on("moveend", renameTownships);
  whenPath(renameTownships);
}

/** @param {string} text @param {string} kind @param {[number, number]} at @param {any} outline @returns {Name} */
function put(text, kind, at, outline) {
  const node = el("span", { class: kind }, text);
  const marker = L.marker(at, {
    pane: "district-names", interactive: false, keyboard: false,
    icon: L.divIcon({ className: "district-mark", html: node, iconSize: [0, 0] }),
  }).addTo(map);
  return { marker, text: node, outline };
}

/** Draw the districts' names. */
export function nameDistricts() {
  for (const { marker } of districts) marker.remove();
  districts = ofLevel("district").filter(({ middle }) => middle).map((one) => ({ ...put(short(one.name), "district-name", /** @type {[number, number]} */ (one.middle), one.bounds), id: one.id }));
}

/** 酉阳土家族苗族自治县 is 酉阳 on a map. @param {string} name */
const short = (name) => name.replace(/(土家族|苗族)+自治县$/, "");

/** The rivers' names, each half way along what flows through the city. @param {any} collection */
export function nameRivers(collection) {
  for (const { marker } of rivers) marker.remove();
  rivers = [];
  for (const name of new Set(collection.features.map((/** @type {any} */ feature) => feature.properties.name_zh))) {
    const within = collection.features
      .filter((/** @type {any} */ { properties }) => name !== null && properties.name_zh === name)
      .flatMap((/** @type {any} */ { geometry }) => (geometry.type === "LineString" ? geometry.coordinates : geometry.coordinates.flat()))
      .filter((/** @type {[number, number]} */ [lon, lat]) => inCity.contains([lat, lon]));
    if (within.length < 3) continue;
    const [lon, lat] = within[Math.floor(within.length * 0.62)];
    rivers.push(put(String(name), "river-name", [lat, lon], null));
  }
}

/** Those of the division in view, and in a near view all that are seen. */
export function renameTownships() {
  const here = inView();
  const bounds = map.getBounds();
  const near = map.getZoom() >= NEAR;
  const named = ofLevel("township")
    .filter((one) => one.middle && bounds.contains(one.middle) && (near || (here && one.parent === around("district")?.id)))
    .slice(0, MOST);
  const ids = new Set(named.map(({ id }) => id));
  for (const [id, { marker }] of townships) {
    if (ids.has(id)) continue;
    marker.remove();
    townships.delete(id);
  }
  for (const one of named) {
    const told = valueShort(one.id);
    const text = told ? `${one.name} ${told}` : one.name;
    const known = townships.get(one.id);
    if (known) known.text.textContent = text;
    else townships.set(one.id, put(text, "township-name", /** @type {[number, number]} */ (one.middle), one.bounds));
  }
  for (const one of districts) one.off = near || one.id === around("district")?.id; // its townships are named instead
}

/**
 * A name that its division has no room for, or that something covers, waits for a nearer view.
 * @param {DOMRect[]} [taken]
 */
export function thinNames(taken = []) {
  const boxes = [...taken];
  const all = [...rivers, ...districts, ...townships.values()];
  for (const { text } of all) text.hidden = false;
  const sizes = all.map(({ text }) => text.getBoundingClientRect()); // all read before any is changed: one layout
  all.forEach(({ text, outline, off }, i) => {
    text.hidden = off || !hasRoom(outline, sizes[i]) || boxes.some((other) => meet(sizes[i], other));
    if (!text.hidden) boxes.push(sizes[i]);
  });
}

/** @param {any} outline of the division @param {DOMRect} box of its name */
function hasRoom(outline, box) {
  if (!outline) return true;
  const [from, to] = [outline.getNorthWest(), outline.getSouthEast()].map((corner) => map.latLngToLayerPoint(corner));
  return to.x - from.x > 0.9 * box.width && to.y - from.y > 1.2 * box.height;
}
