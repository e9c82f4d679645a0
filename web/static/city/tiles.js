/** The near view: townships, villages and grids from vector tiles, in the colours of the choropleth. */

import { said } from "../address.js";
import { map } from "../citymap.js";
import { byId } from "../dom.js";
import { store, when } from "../store.js";
import { whenColoured } from "./colouring.js";
import { remember } from "./divisions.js";
import { whenTheme } from "../palette.js";
import { protomaps } from "../protomaps.js";
import { fills, labelOfGrid, lines } from "./painting.js";
import { whenPath } from "./path.js";

/* global L */

export const NEAR = 11; // from this zoom on
const LEVELS = ["district", "township", "village", "grid"]; // layers of one tile
const DEEPEST = 16;
const AGAIN_MS = 1_000; // all are painted anew at most so often

/** @type {any} */ let library = null;
/** @type {any} */ let layer = null;
/** @type {any} */ let above = null; // the same tiles once more: their lines
let stamp = "";
let lookedAt = -Infinity;
let faded = false; // what is painted would look different now
let timer = 0;
/** @type {Map<number, import("../levels.js").Level>} */ let alerts = new Map();

/** Whether divisions are drawn from tiles at this zoom, as Leaflet rounds it. */
const isNear = () => Math.round(map.getZoom()) >= NEAR;

/** Draw them in near views from now on. */
export function keepTiles() {
  map.on("zoomend", renew);
  when("board", () => { if (layer && stamp !== versionNow()) remake(); look(); });
  whenColoured(repaint);
  whenPath(repaint);
  whenTheme(repaint);
  renew();
  void protomaps().catch(() => {}); // so that the first near view need not wait for it
}

async function renew() {
  if (!isNear()) return showTiles(false);
  library = await protomaps();
  if (!layer) remake();
  if (isNear() && layer?.hasPainted) showTiles(true);
}

/** @param {boolean} near the tiles' lines are exact, those of the far view are simplified: never both */
function showTiles(near) {
  byId("map_city").classList.toggle("near", near);
}

const versionNow = () => store.board?.layers ?? "";

/** Tiles are asked for anew: there is another version of the boundaries. */
function remake() {
  stamp = versionNow();
  layer?.remove();
  above?.remove();
  const at = said("at") ? `?at=${encodeURIComponent(said("at"))}` : "";
  const { leafletLayer } = library;
  const common = { attribution: "", minZoom: NEAR, url: `/tiles/${LEVELS}/{z}/{x}/{y}.mvt${at}`, maxDataZoom: DEEPEST };
  layer = leafletLayer({ ...common, pane: "tiles", paintRules: fills(() => alerts) });
  above = leafletLayer({
    ...common, pane: "tile-lines", paintRules: lines(),
    labelRules: [{ dataLayer: "grid", minzoom: 14, symbolizer: { place: labelOfGrid } }],
  });
  above.views = layer.views; // each tile is asked for and read once
  layer.on("load", () => {
    layer.hasPainted = true;
    if (isNear()) showTiles(true);
    if (placeAlerts()) repaint();
  });
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
    if (!placeAlerts() && !faded) return;
    faded = false;
    layer.rerenderTiles();
    above.clearLayout();
    above.rerenderTiles();
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
  const there = [...(layer?.queryTileFeaturesDebug(lon, lat) ?? new Map()).values()].flat();
  return there.find(({ layerName }) => layerName === level)?.feature.props;
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
