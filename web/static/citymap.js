/** The ground of the map: townships, districts, rivers; and what of it is in view. */

import { said, say } from "./address.js";
import { learn } from "./city/divisions.js";
import { colour, whenTheme } from "./palette.js";
import { FAR } from "./city/far.js";
import { flattenMarkers } from "./city/flat.js";
import { nameDistricts, nameRivers, renameTownships } from "./city/names.js";
import { followed } from "./city/path.js";
import { noteOf, styleOf, styledOtherwise } from "./city/colouring.js";
import { store, when } from "./store.js";

/* global L */

export { thinNames } from "./city/names.js";

/** The map that Folium made. */
export const map = /** @type {any} */ (globalThis).map_city;

flattenMarkers();
map.setMinZoom(6).setMaxZoom(17); // else those of a layer would be the map's
const CITY = L.latLngBounds([28.15, 105.28], [32.21, 110.2]);

/** @type {any} */ let townships = null;
/** @type {any} */ let districts = null;
/** @type {any} */ let rivers = null;
/** @type {Map<number, any>} */ let townshipById = new Map();
/** @type {[any, any]} townships and districts, as last read */ let read = [null, null];
let stamp = ""; // of the layers that are drawn
let following = true;
let fittedIn = ""; // this width and height
let watched = false; // the map's size: what is told of it then holds until the next frame
let besideCard = false;
/** @type {any} */ let whole = CITY; // or what of it somebody may see
/** @type {any} */ let target = null; // null: the whole city
/** @type {Array<() => void>} */ const learntListeners = [];
/** @type {() => any} */ let veil = () => null;

/** Whenever the layers have been read anew. @param {() => void} act */
export function whenLearnt(act) {
  learntListeners.push(act);
}

/** Look at what the address tells, before anything is drawn: a later change of scale would draw it all twice. */
export async function beginCity() {
  await followed;
  fit();
  keepInView();
}

/** Read the layers, and know their divisions: names and places. */
export async function readCity() {
  stamp = store.board?.layers ?? "";
  read = await Promise.all([layer("townships"), layer("districts")]);
  learnDivisions(...read);
}

/** Draw what was read, and keep it. */
export async function drawCity() {
  const rivers = drawRivers();
  drawDivisions(...read);
  when("board", () => void redrawCity().catch(() => {}));
  whenTheme(() => { restyle(); drawDistricts(read[1]); void drawRivers(); });
  await rivers;
}

/** Draw townships and districts anew, if there is another version of the boundaries. */
export async function redrawCity() {
  const asked = store.board?.layers ?? "";
  if (asked === stamp) return;
  const first = stamp === "";
  stamp = asked;
  if (first && !said("at")) return; // those that were drawn before the first board
  read = await Promise.all([layer("townships"), layer("districts")]);
  learnDivisions(...read);
  drawDivisions(...read);
}

/** What lies over all the others. @param {() => any} layers a group of them, or null */
export function keepOnTop(layers) {
  veil = layers;
}

/** Rivers over townships, districts over rivers, the veil over all: on one canvas the last one drawn is on top. */
export function stack() {
  for (const group of [rivers, districts, veil()]) group?.eachLayer((/** @type {any} */ one) => one.bringToFront());
}

/** @param {any} below @param {any} above */
function learnDivisions(below, above) {
  learn("district", above); // townships name their district
  learn("township", below);
  nameDistricts();
  renameTownships();
  for (const act of learntListeners) act();
}

/** @param {any} below @param {any} above */
function drawDivisions(below, above) {
  drawTownships(below);
  drawDistricts(above);
}

/** What is in view stays so through every change of the layout, until a person moves the map. */
function keepInView() {
  for (const kind of ["mousedown", "wheel", "touchstart", "keydown"]) {
    map.getContainer().addEventListener(kind, () => (following = false), { passive: true });
  }
  const container = map.getContainer();
  new ResizeObserver(() => {
    watched = true;
    if (fittedIn === `${container.clientWidth} ${container.clientHeight}`) return;
    map.invalidateSize({ pan: false });
    if (following) fit();
  }).observe(container);
}

/** Show everything. */
export function wholeCity() {
  say({ in: null });
  lookOver(null);
}

/** What somebody may see of the city. @param {any} bounds */
export function limitTo(bounds) {
  whole = bounds;
  if (following && target === null) fit();
}

/** Show this, and keep it in view. @param {any} bounds null: the whole city @param {boolean} [told] a card stands beside it */
export function lookOver(bounds, told = false) {
  following = true;
  [target, besideCard] = [bounds, told];
  fit();
}

/** A person looks elsewhere. */
export function lookAt(/** @type {[number, number]} */ point) {
  following = false;
  map.setView(point, Math.max(map.getZoom(), 10), { animate: false });
}

function fit() {
  const { x, y } = (watched ? map : map.invalidateSize({ pan: false })).getSize(); // measured anew, the whole page is laid out
  fittedIn = `${x} ${y}`;
  const wide = x > 900; // then the card and the legend stand on the left, where nothing of it is
  const left = wide && (target === null || x > 1200) ? 380 : 8;
  const right = besideCard && x - left > 900 ? 490 : 16;
  const air = target === null ? 14 : Math.min(60, y / 12);
  map.fitBounds(target ?? whole, {
    paddingTopLeft: [left + (target === null ? 0 : air / 2), wide ? air : 30], paddingBottomRight: [wide ? right + air / 2 : 8, air], animate: false, maxZoom: 16,
  });
}

/** @param {any} collection */
function drawTownships(collection) {
  townships?.remove();
  townshipById = new Map();
  townships = L.geoJSON(collection, {
    ...FAR,
    style: (/** @type {any} */ feature) => styleOf(feature.properties.id),
    filter: (/** @type {any} */ feature) => feature.geometry !== null,
    onEachFeature: (/** @type {any} */ feature, /** @type {any} */ shape) => {
      const { id } = feature.properties;
      townshipById.set(id, shape);
      shape.bindTooltip(() => noteOf(feature.properties), { sticky: true, className: "township-note", direction: "top" });
      shape.on("mouseover", () => styleOf(id).quiet && shape.setStyle({ fillColor: colour("--township-hover") }));
      shape.on("mouseout", () => styleOf(id).quiet && shape.setStyle({ fillColor: styleOf(id).fillColor }));
    },
  }).addTo(map);
}

/** Colour what has changed, or all. @param {Iterable<number>} [changed] */
export function restyle(changed = townshipById.keys()) {
  const shapes = [...changed].flatMap((id) => (townshipById.has(id) ? [{ id, shape: townshipById.get(id) }] : []));
  for (const { id, shape } of shapes) {
    shape.setStyle(styleOf(id));
    if (!styleOf(id).quiet) shape.bringToFront();
  }
  if (shapes.length) stack(); // which draws all of the canvas anew
}
styledOtherwise(restyle);

/** @param {any} collection */
function drawDistricts(collection) {
  districts?.remove();
  const line = (/** @type {string} */ color, /** @type {number} */ weight, /** @type {number} */ opacity) =>
    L.geoJSON(collection, {
      ...FAR, interactive: false,
      style: { color, weight, opacity, fill: false },
      filter: (/** @type {any} */ feature) => feature.geometry !== null,
    });
  districts = L.layerGroup([line(colour("--district-halo"), 5, 0.22), line(colour("--district-line"), 1.4, 0.9)]).addTo(map);
  stack();
}

async function drawRivers() {
  const collection = await layer("rivers").catch(() => null);
  if (collection === null) return;
  rivers?.remove();
  const line = (/** @type {number} */ weight, /** @type {number} */ opacity) => L.geoJSON(collection, {
    ...FAR, interactive: false, style: { color: colour("--river"), weight, opacity, lineCap: "round" },
  });
  rivers = L.layerGroup([line(7, 0.16), line(2.4, 0.9)]).addTo(map);
  stack();
  nameRivers(collection);
}

/** @param {string} name */
async function layer(name) {
  const at = said("at") && name !== "rivers" ? `?at=${encodeURIComponent(said("at"))}` : "";
  const answer = await fetch(`/api/layers/${name}.geojson${at}`);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}
