/** The owner's layers on the map, below everything else. */

import { map } from "../citymap.js";
import { layers, opacityOf, shown, whenLayers } from "./layers.js";

/* global L */

const PANE = "imagery";
const BELOW_TOWNSHIPS = 350;

/** @type {Map<string, any>} */
const drawn = new Map();

/** Keep them as the layers are switched. */
export function drawPictures() {
  map.createPane(PANE).style.zIndex = String(BELOW_TOWNSHIPS);
  map.getPane(PANE).style.pointerEvents = "none";
  whenLayers(renew);
  map.on("zoomend", renew);
}

function renew() {
  const on = shown().filter(({ kind, min_zoom: lowest }) => kind === "raster" && Math.round(map.getZoom()) >= lowest);
  for (const [id, tiles] of drawn) {
    if (on.some((layer) => layer.id === id)) continue;
    tiles.remove();
    drawn.delete(id);
  }
  for (const layer of on) {
    if (!drawn.has(layer.id)) drawn.set(layer.id, made(layer).addTo(map));
    drawn.get(layer.id).setOpacity(opacityOf(layer));
  }
  // Who draws the townships leaves them half transparent then.
  if (on.length) document.body.dataset.imagery = "on";
  else delete document.body.dataset.imagery;
}

/** @param {import("./layers.js").Layer} layer */
function made(layer) {
  const [west, south, east, north] = layer.bounds ?? [-180, -85, 180, 85];
  return L.tileLayer(layer.url, {
    pane: PANE, attribution: "", bounds: [[south, west], [north, east]], zIndex: layers().indexOf(layer) + 1,
    // Where the view ends is the map's to say, and no layer's.
    minZoom: 0, maxNativeZoom: layer.max_zoom, maxZoom: Infinity, className: `picture-${layer.id}`,
  });
}
