/** The division in view: the map fits it, its outline is strong, what lies outside is dimmed; a click goes further down. */

import { said, say } from "../address.js";
import { keepOnTop, limitTo, lookOver, map, whenLearnt } from "../citymap.js";
import { lineOf, ofLevel, ringsOf } from "./divisions.js";
import { FAR } from "./far.js";
import { colour, whenTheme } from "../palette.js";
import { boundsOfScope, follow, inView, path, whenPath } from "./path.js";
import { tiledAt } from "./tiles.js";

/* global L */

const MOST_OF_CITY = 4; // degrees of longitude; the whole has five
const WORLD = [[0, 70], [0, 140], [60, 140], [60, 70]];
/** @type {any} */ let veil = null;
let fitted = "";

/** Keep the view to what the address says. */
export function keepView() {
  keepOnTop(() => veil);
  whenPath(show);
  whenLearnt(() => { void follow(); draw(); });
  whenTheme(draw);
  map.on("click", ({ latlng }) => goDown(latlng));
  map.getContainer().addEventListener("keydown", byKey);
  show();
  void beginWithScope();
}

/** Somebody who sees a part of the city only begins with that. */
async function beginWithScope() {
  const [west, south, east, north] = (await boundsOfScope()) ?? [0, 0, 180, 90];
  if (east - west < MOST_OF_CITY) limitTo(L.latLngBounds([south, west], [north, east]));
}

function show() {
  draw();
  const here = inView();
  const bounds = here ? (here.bounds ?? path().findLast((one) => one.bounds)?.bounds ?? null) : null;
  const key = `${here?.id ?? ""} ${bounds?.toBBoxString() ?? ""}`;
  if (key === fitted) return;
  fitted = key;
  lookOver(bounds, here !== undefined && here.level !== "district");
  performance.mark("shijing-level", { detail: here?.id ?? null });
}

/** In a far view; near ones are painted with the tiles. */
function draw() {
  veil?.remove();
  veil = null;
  const shape = path().findLast((one) => one.shape)?.shape;
  if (!shape) return;
  const rings = ringsOf(shape).map((ring) => ring.map((/** @type {[number, number]} */ [lon, lat]) => [lat, lon]));
  const common = { ...FAR, interactive: false };
  veil = L.layerGroup([
    L.polygon([WORLD, ...rings], { ...common, stroke: false, fillColor: colour("--ground"), fillOpacity: 0.66 }),
    L.polygon(rings, { ...common, color: colour("--halo"), weight: 8, opacity: 0.6, fill: false }),
    L.polygon(rings, { ...common, color: colour("--text"), weight: 3.2, fill: false }),
  ]).addTo(map);
}

/** One level down into the division at a point; beside what is in view, into its like. @param {any} point */
function goDown(point) {
  const chain = chainAt(point);
  const next = chain.find((id) => !path().some((one) => one.id === id)) ?? chain.at(-1);
  if (next !== undefined && String(next) !== said("in")) say({ in: next, sensor: null, thing: null });
}

/** @param {any} point @returns {number[]} from the district down */
function chainAt(point) {
  const tiled = tiledAt(point);
  if (tiled.length) return tiled;
  const township = ofLevel("township").find((one) => one.bounds?.contains(point) && isWithin(point, one.shape));
  return township ? lineOf(township.id).map(({ id }) => id) : ofLevel("district").filter((one) => one.bounds?.contains(point) && isWithin(point, one.shape)).map(({ id }) => id);
}

/** @param {any} point @param {any} shape */
function isWithin({ lat, lng }, shape) {
  let within = false;
  for (const ring of ringsOf(shape)) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      const [[x, y], [u, v]] = [ring[i], ring[j]];
      if (y > lat !== v > lat && lng < ((u - x) * (lat - y)) / (v - y) + x) within = !within;
    }
  }
  return within;
}

/** Arrows and + − are Leaflet's; Enter goes into what is in the middle, Backspace one level up. @param {KeyboardEvent} event */
function byKey(event) {
  if (event.target !== map.getContainer()) return;
  if (event.key === "Enter") goDown(map.getCenter());
  else if (event.key === "Backspace") say({ in: path().at(-2)?.id ?? null });
  else return;
  event.preventDefault();
}
