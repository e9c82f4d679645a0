/** What borders may follow: roads, rivers, buildings and the parents' borders in view, drawn faintly and snapped to. */

import { ask } from "./server.js";

/* global L */

const FROM_ZOOM = 13;
const NEAR_PX = 12;
const STYLES = {
  road: { color: "#8a7a5c", weight: 1.2 },
  railway: { color: "#8a8f99", weight: 1.2, dashArray: "6 4" },
  river: { color: "#3f7fb0", weight: 1.8 },
  water: { color: "#3f7fb0", weight: 1.2 },
  building: { color: "#5b6b7a", weight: 1 },
  parent: { color: "#9db8cc", weight: 1, opacity: 0 }, // drawn with the ground already
};

export class Snapping {
  #read = "";
  on = true;
  /** Told whose lines they are; set by the page. @type {((text: string) => void) | null} */ attributed = null;

  /** @param {any} map @param {string} base @param {any} renderer */
  constructor(map, base, renderer) {
    this.map = map;
    this.base = base;
    this.renderer = renderer;
    this.lines = L.layerGroup().addTo(map);
    map.on("moveend", () => void this.read());
  }

  /** What lies in view; asked again when the view leaves what was asked for. */
  async read() {
    if (this.map.getZoom() < FROM_ZOOM) return;
    const box = this.map.getBounds().pad(0.5);
    const [west, south, east, north] = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()].map((value) => Math.round(value * 200) / 200);
    const asked = `west=${west}&south=${south}&east=${east}&north=${north}`;
    if (asked === this.#read || !(west < east && south < north)) return;
    this.#read = asked;
    try {
      const found = await ask(`${this.base}/snap?${asked}`);
      if (asked !== this.#read) return;
      this.#draw(found.features);
      this.attributed?.(found.features.some((/** @type {any} */ one) => one.properties.kind !== "parent") ? found.attribution : "");
    } catch {
      this.#read = ""; // it is asked for again with the next view
    }
  }

  /** @param {any[]} features */
  #draw(features) {
    this.lines.clearLayers();
    for (const one of features) {
      const style = STYLES[/** @type {"road"} */ (one.properties.kind)] ?? STYLES.building;
      for (const line of linesOf(one.geometry)) {
        L.polyline(line.map(([lon, lat]) => [lat, lon]), { ...style, renderer: this.renderer, interactive: false, pmIgnore: false }).addTo(this.lines);
      }
    }
  }

  /** The nearest place on a line within reach, else nothing. @param {any} latlng */
  nearest(latlng) {
    if (!this.on) return null;
    const point = this.map.latLngToLayerPoint(latlng);
    let [best, away] = [null, NEAR_PX];
    this.lines.eachLayer((/** @type {any} */ line) => {
      if (!line._pxBounds?.intersects(L.bounds(point.subtract([NEAR_PX, NEAR_PX]), point.add([NEAR_PX, NEAR_PX])))) return;
      const seen = line.getLatLngs().map((/** @type {any} */ one) => this.map.latLngToLayerPoint(one));
      for (let i = 1; i < seen.length; i += 1) {
        const found = L.LineUtil.closestPointOnSegment(point, seen[i - 1], seen[i]);
        const far = found.distanceTo(point);
        if (far < away) [best, away] = [found, far];
      }
    });
    return best === null ? null : this.map.layerPointToLatLng(best);
  }
}

/** @param {any} geometry @returns {number[][][]} */
function linesOf(geometry) {
  switch (geometry?.type) {
    case "LineString": return [geometry.coordinates];
    case "MultiLineString": case "Polygon": return geometry.coordinates;
    case "MultiPolygon": return geometry.coordinates.flat();
    default: return [];
  }
}
