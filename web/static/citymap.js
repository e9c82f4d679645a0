/** The ground of the map: townships, districts with their names, rivers. */

import { el } from "./dom.js";
import { COLOURS } from "./levels.js";
import { store, when } from "./store.js";
import { t } from "./strings.js";

/* global L */

/** The map that Folium made. */
export const map = /** @type {any} */ (globalThis).map_city;

const INK = { township: "#2a4d6b", fill: "#10263a", hover: "#1d405e", district: "#7fa6c6", halo: "#3f7099", river: "#3c9be0" };
const quiet = { color: INK.township, weight: 0.7, fillColor: INK.fill, fillOpacity: 1 };
const canvases = new Map();

/** @type {any} */ let townships = null;
/** @type {any} */ let districts = null;
/** @type {any} */ let names = null;
/** @type {any} */ let city = null;
/** @type {Map<number, any>} */ let townshipById = new Map();
/** @type {Set<number>} */ let filled = new Set();

/** Draw the layers, and colour townships from then on. */
export async function drawCity() {
  await Promise.all([drawTownships(), drawDistricts(), drawRivers()]);
  wholeCity();
  when("board", colourTownships);
  map.on("zoomend", thinNames);
}

/** Draw townships and districts anew, for another version of the boundaries. */
export async function redrawCity() {
  await Promise.all([drawTownships(), drawDistricts()]);
  colourTownships();
}

/** Show everything. */
export function wholeCity() {
  if (city?.isValid()) map.fitBounds(city, { padding: [18, 18], animate: false });
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
  city = outline.getBounds();
  names = L.layerGroup(outline.getLayers().map(districtName)).addTo(map);
  thinNames();
}

async function drawRivers() {
  const collection = await layer("rivers").catch(() => null);
  if (collection === null) return;
  const style = (/** @type {string} */ color, /** @type {number} */ weight, /** @type {number} */ opacity) =>
    ({ pane: "rivers", renderer: canvas("rivers"), interactive: false, style: { color, weight, opacity, lineCap: "round" } });
  L.geoJSON(collection, style(INK.river, 7, 0.16)).addTo(map);
  L.geoJSON(collection, style(INK.river, 2.4, 0.9)).addTo(map);
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
  const text = el("span", { class: "district-name" }, shape.feature.properties.name);
  const marker = L.marker(middle(shape), {
    pane: "district-names", interactive: false, keyboard: false,
    icon: L.divIcon({ className: "district-mark", html: text, iconSize: [0, 0] }),
  });
  marker.outline = shape.getBounds();
  return marker;
}

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

/** A name that its district has no room for waits for a nearer view. */
function thinNames() {
  for (const marker of names?.getLayers() ?? []) {
    const [north, south] = [marker.outline.getNorthWest(), marker.outline.getSouthEast()].map((c) => map.latLngToLayerPoint(c));
    const text = marker.getElement()?.firstChild;
    if (text) text.hidden = south.x - north.x < 74 || south.y - north.y < 40;
  }
}
