/** Lines and rings drawn on the map by Geoman: by pointer, by touch, or by keys with a cross in the middle of the map. */

/* global L */

import { rounded } from "./rings.js";

const LOOK = { templineStyle: { color: "#ffe08a", weight: 3 }, hintlineStyle: { color: "#ffe08a", weight: 2, dashArray: "6 6" } };
const PAN_PX = 24;

/** Events: `state` (begun, ended), `drawn` ({what, points}). */
export class Drawing extends EventTarget {
  /** @type {"split" | "piece" | null} */ what = null;
  snapping = true;

  /** @param {any} map @param {HTMLElement} cross */
  constructor(map, cross) {
    super();
    this.map = map;
    this.cross = cross;
    map.on("pm:create", (/** @type {any} */ event) => this.#created(event.layer));
    map.on("pm:drawend", () => this.#ended());
    map.pm.setGlobalOptions({ panes: { layerPane: "handles", vertexPane: "vertices", markerPane: "vertices" } });
  }

  /** @param {"split" | "piece"} what */
  begin(what) {
    this.giveUp();
    this.what = what;
    this.map.pm.enableDraw(this.#shape, { ...LOOK, snappable: this.snapping, snapDistance: 14, tooltips: false, finishOn: "dblclick", allowSelfIntersection: false });
    this.dispatchEvent(new Event("state"));
  }

  get #shape() {
    return this.what === "split" ? "Line" : "Polygon";
  }

  /** A point where the cross stands. */
  point() {
    this.cross.hidden = false;
    const latlng = this.map.getCenter();
    const draw = this.map.pm.Draw[this.#shape];
    draw._hintMarker.setLatLng(latlng);
    draw._hintMarker._snapped = false;
    this.map.fire("click", { latlng });
  }

  /** Takes the newest point away; with the first one it ends. */
  back() {
    this.map.pm.Draw[this.#shape]._removeLastVertex();
  }

  finish() {
    this.map.pm.Draw[this.#shape]._finishShape();
  }

  giveUp() {
    if (this.what) this.map.pm.disableDraw(this.#shape);
  }

  /** @param {number} x @param {number} y @param {boolean} isFine */
  pan(x, y, isFine) {
    this.cross.hidden = false;
    this.map.panBy([x, y].map((one) => one * (isFine ? 2 : PAN_PX)), { animate: false });
  }

  /** @param {any} layer */
  #created(layer) {
    const [what, latlngs] = [this.what, layer.getLatLngs().flat()];
    layer.remove();
    const points = latlngs.map((/** @type {any} */ one) => [rounded(one.lng), rounded(one.lat)]);
    if (what) queueMicrotask(() => this.dispatchEvent(new CustomEvent("drawn", { detail: { what, points } })));
  }

  #ended() {
    this.what = null;
    this.cross.hidden = true;
    this.dispatchEvent(new Event("state"));
  }
}
