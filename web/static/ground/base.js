/** The ground that is shipped, on the map: water, roads, railways and stations from vector tiles. */

import { map } from "../citymap.js";
import { lookAround } from "./clear.js";
import { labels, paints } from "./base-rules.js";
import { protomaps } from "../protomaps.js";
import { Sheet } from "../sheet.js";
import { whenDrawn } from "../store.js";
import { Tiled } from "../tiled.js";
import { opacityOf, shown, whenLayers } from "./layers.js";

const PANE = "base";
const ABOVE_TOWNSHIPS = 386; // their fill covers what lies below; borders and names of districts lie above this
const NEAR = 12; // from this zoom on; the rivers of the overview are off by a kilometre and are not drawn there
const SETTLE_MS = 300;

/** @type {any} */ let drawn = null;
let timer = 0;
let settling = 0;

/** Keep it as the layer is switched and the view moves. */
export function drawBase() {
  map.createPane(PANE).style.zIndex = String(ABOVE_TOWNSHIPS);
  map.getPane(PANE).style.pointerEvents = "none";
  whenLayers(renew);
  map.on("zoomend", renew);
  map.on("moveend", settle);
  addEventListener("shijing-theme", remake);
  document.fonts?.addEventListener("loadingdone", repaint); // until the font has come, canvas writes with another
}

const layer = () => shown().find(({ kind }) => kind === "vector");
const isNear = () => Math.round(map.getZoom()) >= NEAR;

async function renew() {
  const wanted = layer();
  document.body.classList.toggle("base-near", Boolean(wanted) && isNear());
  if (wanted) map.getPane(PANE).style.opacity = String(opacityOf(wanted));
  if (!wanted || !isNear()) {
    drawn?.remove();
    drawn = null;
    return;
  }
  if (drawn) return;
  const library = await protomaps().catch(() => null); // the next change of the view asks again
  if (!library || drawn || layer() !== wanted || !isNear()) return;
  settle();
  const tiled = new Tiled(library, { url: wanted.url, maxDataZoom: wanted.max_zoom, bounds: wanted.bounds });
  drawn = new Sheet(tiled, { pane: PANE, paints: paints(), labels: labels(), turn: whenDrawn }).on("read", lookAround).addTo(map);
}

/** In other colours. */
function remake() {
  drawn?.remove();
  drawn = null;
  void renew();
}

/** Others write anew after a move; then the names of the ground make room. */
function settle() {
  clearTimeout(settling);
  settling = window.setTimeout(() => { if (drawn && lookAround()) repaint(); }, SETTLE_MS);
}

function repaint() {
  clearTimeout(timer);
  timer = window.setTimeout(() => {
    lookAround();
    drawn?.repaint({ relabel: true });
  }, SETTLE_MS);
}
