/** The ground of the map: townships, districts with their names, rivers. */

import { el } from "./dom.js";
import { meet } from "./placing.js";
import { COLOURS } from "./levels.js";
import { store, when } from "./store.js";
import { t } from "./strings.js";

/* global L */

/** The map that Folium made. */
export const map = /** @type {any} */ (globalThis).map_city;

const INK = { township: "#2a4d6b", fill: "#10263a", hover: "#1d405e", district: "#7fa6c6", halo: "#3f7099", river: "#3c9be0" };
const quiet = { color: INK.township, weight: 0.7, fillColor: INK.fill, fillOpacity: 1 };
const canvases = new Map();
const CITY = L.latLngBounds([28.15, 105.28], [32.21, 110.2]);
const inCity = L.latLngBounds([28.4, 105.6], [31.6, 109.8]);

/** @type {any} */ let townships = null;
/** @type {any} */ let districts = null;
/** @type {any} */ let names = null;
/** @type {any[]} */ const riverNames = [];
let following = true;
/** @type {Map<number, any>} */ let townshipById = new Map();
/** @type {Set<number>} */ let filled = new Set();

/** Draw the layers, and colour townships from then on. */
export async function drawCity() {
  fitCity(); // before anything is drawn: a later change of scale would draw it all twice
  await Promise.all([drawTownships(), drawDistricts(), drawRivers()]);
  when("board", colourTownships);
  keepInView();
}

/** Draw townships and districts anew, for another version of the boundaries. */
export async function redrawCity() {
  await Promise.all([drawTownships(), drawDistricts()]);
  colourTownships();
}

/** The whole city stays in view through every change of the layout, until a person moves the map. */
function keepInView() {
  for (const kind of ["mousedown", "wheel", "touchstart", "keydown"]) {
    map.getContainer().addEventListener(kind, () => (following = false), { passive: true });
  }
  const container = map.getContainer();
  new ResizeObserver(() => {
    if (map.getSize().equals([container.clientWidth, container.clientHeight])) return;
    map.invalidateSize({ pan: false });
    if (following) fitCity();
  }).observe(container);
}

/** Show everything. */
export function wholeCity() {
  following = true;
  fitCity();
}

/** A person looks elsewhere. */
export function lookAt(/** @type {[number, number]} */ point) {
  following = false;
  map.setView(point, Math.max(map.getZoom(), 10), { animate: false });
}

function fitCity() {
  const wide = map.getSize().x > 900; // then the card and the legend stand on the left, where the city is not
  map.fitBounds(CITY, { paddingTopLeft: [wide ? 380 : 8, wide ? 14 : 30], paddingBottomRight: [wide ? 16 : 8, wide ? 14 : 8], animate: false });
}

async function drawTownships() {
  const collection = await layer("townships");
  townships?.remove();
  townshipById = new Map();
  filled = new Set();
  townships = L.geoJSON(collection, {
    pane: "townships",
    renderer: canvas("townships"),
    style: quiet,
    filter: (/** @type {any} */ feature) => feature.geometry !== null,
    onEachFeature: (/** @type {any} */ feature, /** @type {any} */ shape) => {
      townshipById.set(idOf(feature), shape);
      shape.bindTooltip(() => townshipNote(feature), { sticky: true, className: "township-note", direction: "top" });
      shape.on("mouseover", () => filled.has(idOf(feature)) || shape.setStyle({ fillColor: INK.hover }));
      shape.on("mouseout", () => filled.has(idOf(feature)) || shape.setStyle({ fillColor: INK.fill }));
    },
  }).addTo(map);
}

async function drawDistricts() {
  const collection = await layer("districts");
  districts?.remove();
  names?.remove();
  const line = (/** @type {string} */ color, /** @type {number} */ weight, /** @type {number} */ opacity) =>
    L.geoJSON(collection, {
      pane: "districts", renderer: canvas("districts"), interactive: false,
      style: { color, weight, opacity, fill: false },
      filter: (/** @type {any} */ feature) => feature.geometry !== null,
    });
  const outline = line(INK.district, 1.4, 0.9);
  districts = L.layerGroup([line(INK.halo, 5, 0.22), outline]).addTo(map);
  names = L.layerGroup(outline.getLayers().map(districtName)).addTo(map);
}

async function drawRivers() {
  const collection = await layer("rivers").catch(() => null);
  if (collection === null) return;
  const style = (/** @type {string} */ color, /** @type {number} */ weight, /** @type {number} */ opacity) =>
    ({ pane: "rivers", renderer: canvas("rivers"), interactive: false, style: { color, weight, opacity, lineCap: "round" } });
  L.geoJSON(collection, style(INK.river, 7, 0.16)).addTo(map);
  L.geoJSON(collection, style(INK.river, 2.4, 0.9)).addTo(map);
  for (const name of new Set(collection.features.map((/** @type {any} */ feature) => feature.properties.name_zh))) nameRiver(name, collection);
}

/** A river's name, half way along what flows through the city. @param {string | null} name @param {any} collection */
function nameRiver(name, collection) {
  const within = collection.features
    .filter((/** @type {any} */ { properties }) => name !== null && properties.name_zh === name)
    .flatMap((/** @type {any} */ { geometry }) => (geometry.type === "LineString" ? geometry.coordinates : geometry.coordinates.flat()))
    .filter((/** @type {[number, number]} */ [lon, lat]) => inCity.contains([lat, lon]));
  if (within.length < 3) return;
  const [lon, lat] = within[Math.floor(within.length * 0.62)];
  riverNames.push(L.marker([lat, lon], {
    pane: "district-names", interactive: false, keyboard: false,
    icon: L.divIcon({ className: "district-mark", html: el("span", { class: "river-name" }, name), iconSize: [0, 0] }),
  }).addTo(map));
}

/** @param {string} name */
async function layer(name) {
  const answer = await fetch(`/api/layers/${name}.geojson`);
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.json();
}

/** @param {string} pane */
function canvas(pane) {
  if (!canvases.has(pane)) canvases.set(pane, L.canvas({ pane, padding: 0.3 }));
  return canvases.get(pane);
}

/** @param {any} feature @returns {number} */
const idOf = (feature) => feature.id ?? feature.properties.id;

/** @param {any} feature */
function townshipNote(feature) {
  const { name, derived } = feature.properties;
  return el("div", {}, el("b", {}, name), derived ? el("small", {}, t("derivedMark")) : null);
}

/** Townships with an open alert are filled by its level, the others are ground. */
function colourTownships() {
  const worst = new Map();
  for (const alert of store.board?.alerts ?? []) { // worst first
    if (alert.township_id !== null && !worst.has(alert.township_id)) worst.set(alert.township_id, alert.level);
  }
  for (const id of filled) if (!worst.has(id)) townshipById.get(id)?.setStyle(quiet);
  for (const [id, level] of worst) {
    townshipById.get(id)?.setStyle({ color: COLOURS[level], weight: 2, fillColor: COLOURS[level], fillOpacity: 0.5 }).bringToFront();
  }
  filled = new Set(worst.keys());
}

/** @param {any} shape */
function districtName(shape) {
  const text = el("span", { class: "district-name" }, short(shape.feature.properties.name));
  const marker = L.marker(middle(shape), {
    pane: "district-names", interactive: false, keyboard: false,
    icon: L.divIcon({ className: "district-mark", html: text, iconSize: [0, 0] }),
  });
  marker.outline = shape.getBounds();
  return marker;
}

/** 酉阳土家族苗族自治县 is 酉阳 on a map. @param {string} name */
const short = (name) => name.replace(/(土家族|苗族)+自治县$/, "");

/** The centroid of the largest ring. @param {any} shape */
function middle(shape) {
  const { type, coordinates } = shape.feature.geometry;
  const rings = type === "Polygon" ? [coordinates[0]] : coordinates.map((/** @type {any} */ part) => part[0]);
  return rings.map(centroid).reduce((/** @type {any} */ a, /** @type {any} */ b) => (b.area > a.area ? b : a)).point;
}

/** @param {Array<[number, number]>} ring lon/lat in degrees */
function centroid(ring) {
  let [area, x, y] = [0, 0, 0];
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const cross = ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
    area += cross;
    x += (ring[j][0] + ring[i][0]) * cross;
    y += (ring[j][1] + ring[i][1]) * cross;
  }
  return { area: Math.abs(area), point: [y / (3 * area), x / (3 * area)] };
}

/**
 * A name that its district has no room for, or that a station's label covers, waits for a nearer view.
 * @param {DOMRect[]} [taken]
 */
export function thinNames(taken = []) {
  const boxes = [...taken];
  const texts = [...riverNames, ...(names?.getLayers() ?? [])].map((marker) => ({ marker, text: marker.getElement().firstChild }));
  for (const { text } of texts) text.hidden = false;
  const sizes = texts.map(({ text }) => text.getBoundingClientRect()); // all read before any is changed: one layout
  texts.forEach(({ marker, text }, i) => {
    text.hidden = !hasRoom(marker.outline, sizes[i]) || boxes.some((other) => meet(sizes[i], other));
    if (!text.hidden) boxes.push(sizes[i]);
  });
}

/** @param {any} outline of the district @param {DOMRect} box of its name */
function hasRoom(outline, box) {
  if (!outline) return true;
  const [from, to] = [outline.getNorthWest(), outline.getSouthEast()].map((corner) => map.latLngToLayerPoint(corner));
  return to.x - from.x > 0.9 * box.width && to.y - from.y > 1.4 * box.height;
}
