/** The near view: townships, villages and grids from vector tiles, in the colours of the choropleth. */

import { said } from "../address.js";
import { map } from "../citymap.js";
import { byId } from "../dom.js";
import { store, when } from "../store.js";
import { whenColoured } from "./colouring.js";
import { remember } from "./divisions.js";
import { whenTheme } from "../palette.js";
import { foreseeProtomaps, protomaps } from "../protomaps.js";
import { Sheet } from "../sheet.js";
import { Tiled } from "../tiled.js";
import { FAR } from "./far.js";
import { fills, labelOfGrid, lines } from "./painting.js";
import { whenPath } from "./path.js";

/* global L */

export const NEAR = 11; // from this zoom on
const LEVELS = ["district", "township", "village", "grid"]; // layers of one tile
const DEEPEST = 16;
const WIDE = 12; // from this zoom on tiles of two levels farther out have all that is drawn: grids are in them from level 10 on
const PATIENCE_MS = 3_000;
const AGAIN_MS = 1_000; // all are painted anew at most so often

/** @type {any} */ let library = null;
/** @type {Tiled | null} */ let tiled = null;
/** @type {any} */ let layer = null;
/** @type {any} */ let above = null; // the same tiles once more: their lines
/** @type {Array<() => void>} */ const shownListeners = []; // each is told once
let stamp = "";
let lookedAt = -Infinity;
let faded = false; // what is painted would look different now
let timer = 0;
/** @type {Map<number, import("../levels.js").Level>} */ let alerts = new Map();

/** Whether divisions are drawn from tiles at this zoom, as Leaflet rounds it. */
export const isNear = () => Math.round(map.getZoom()) >= NEAR;

/** Until a near view is painted; not for ever, where tiles do not come. @returns {Promise<void>} */
export function painted() {
  return new Promise((done) => {
    setTimeout(done, PATIENCE_MS);
    if (byId("map_city").classList.contains("near")) done();
    else shownListeners.push(done);
  });
}

/** Draw them in near views from now on. */
export function keepTiles() {
  map.on("zoomend", renew);
  when("board", () => { heedVersion(); look(); });
  whenColoured(repaint);
  whenPath(repaint);
  whenTheme(repaint);
  renew();
  foreseeProtomaps();
}

async function renew() {
  if (!isNear()) return leave();
  library = await protomaps();
  if (!isNear() || layer) return;
  remake();
}

/** The far view is drawn by others. */
function leave() {
  showTiles(false);
  layer?.remove();
  above?.remove();
  layer = above = null;
}

/** @param {boolean} near the tiles' lines are exact, those of the far view are simplified: never both */
function showTiles(near) {
  byId("map_city").classList.toggle("near", near);
  if (near) FAR.renderer.rest();
  else FAR.renderer.wake();
  for (const act of near ? shownListeners.splice(0) : []) act();
}

/** Tiles are asked for anew where there is another version of the boundaries. */
function heedVersion() {
  const version = store.board?.layers ?? "";
  if (version === stamp) return;
  const first = stamp === "";
  stamp = version;
  if (first && !said("at")) return; // those that were asked for before the first board
  tiled = null;
  if (layer) remake();
}

function remake() {
  if (!tiled) {
    const at = said("at") ? `?at=${encodeURIComponent(said("at"))}` : "";
    tiled = new Tiled(library, { url: `/tiles/${LEVELS}/{z}/{x}/{y}.mvt${at}`, maxDataZoom: DEEPEST, wideFrom: WIDE });
  }
  layer?.remove();
  above?.remove();
  layer = new Sheet(tiled, { pane: "tiles", paints: fills(() => alerts) });
  above = new Sheet(tiled, { pane: "tile-lines", paints: lines(), labels: [{ dataLayer: "grid", minzoom: 14, symbolizer: { place: labelOfGrid } }] });
  layer.on("read", placeAlerts);
  layer.on("load", () => showTiles(true));
  layer.addTo(map);
  above.addTo(map);
}

/** Paint all again, at most once a second. */
function repaint() {
  faded = true;
  look();
}

/** The same where it would look different: alerts colour grids. */
function look() {
  if (!layer || !isNear()) return;
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    lookedAt = performance.now();
    if (!layer || (!placeAlerts() && !faded)) return; // somebody has gone farther away meanwhile
    faded = false;
    layer.repaint();
    above.repaint({ relabel: true });
  }, Math.max(0, lookedAt + AGAIN_MS - performance.now()));
}

/** The worst open alert of each grid that is drawn, by where it stands. @returns {boolean} whether that is news */
function placeAlerts() {
  const bounds = map.getBounds();
  const next = new Map();
  for (const { lat, lon, level } of store.board?.alerts ?? []) { // worst first
    if (lat === null || lon === null || !bounds.contains([lat, lon])) continue;
    const grid = found(lat, lon, "grid");
    if (grid && !next.has(grid.id)) next.set(grid.id, level);
  }
  const same = next.size === alerts.size && [...next].every(([id, level]) => alerts.get(id) === level);
  alerts = next;
  return !same;
}

/** @param {number} lat @param {number} lon @param {string} level @returns {any} its properties */
function found(lat, lon, level) {
  return tiled?.at(lat, lon, map.getZoom()).find(({ layerName }) => layerName === level)?.feature.props;
}

/** The divisions at a point, from the district down, as far as tiles tell. @param {any} point */
export function tiledAt({ lat, lng }) {
  if (!layer || !isNear()) return [];
  return LEVELS.flatMap((level) => {
    const told = found(lat, lng, level);
    if (!told) return [];
    remember({ id: told.id, level, name: told.name, code: told.code, parent: told.parent || null, bounds: null });
    return [told.id];
  });
}
