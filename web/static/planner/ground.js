/** What the map shows: the draft's units on one canvas, what lies around on another below it, names where there is room. */

import { boxOf, meets, middleOf, polygonsOf } from "./rings.js";
import { area, t } from "./strings.js";
import { el } from "../dom.js";

/* global L */

const NAMES_AT_MOST = 160;
const STYLES = {
  same: { color: "#6f9cc0", weight: 1, fillColor: "#17344c", fillOpacity: 0.45 },
  changed: { color: "#8fd6c4", weight: 1.4, fillColor: "#1d5a5c", fillOpacity: 0.5 },
  new: { color: "#c9b6ff", weight: 1.4, fillColor: "#44357a", fillOpacity: 0.45 },
};
const CHOSEN = { color: "#eef5fa", weight: 2.5, fillColor: "#2f7f86", fillOpacity: 0.5 };
const WAITING = { dashArray: "4 6", fillOpacity: 0.25 };

export class Ground {
  /** @type {Map<string, any>} */ #layers = new Map();
  #chosen = /** @type {Set<string>} */ (new Set());

  /** @param {any} map @param {import("./draft.js").Draft} draft */
  constructor(map, draft) {
    this.map = map;
    this.draft = draft;
    this.below = L.canvas({ pane: "around", padding: 0.3 });
    this.canvas = L.canvas({ pane: "units", padding: 0.2 });
    this.units = L.featureGroup().addTo(map);
    this.around = L.layerGroup().addTo(map);
    this.names = L.layerGroup().addTo(map);
    this.units.bindTooltip((/** @type {any} */ layer) => this.#note(layer.key), { sticky: true, className: "township-note", direction: "top" });
    map.on("moveend", () => this.drawNames());
    draft.addEventListener("units", (event) => this.#changed(/** @type {CustomEvent} */ (event).detail));
    draft.addEventListener("chosen", () => this.#restyle());
  }

  /** Frames the whole draft, or what is about to be drawn: so that nothing is projected twice. @param {Iterable<import("./applying.js").Unit>} [units] */
  frame(units = this.draft.shown.values()) {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const unit of units) {
      const [w, s, e, n] = boxOf(unit.geometry);
      [box[0], box[1], box[2], box[3]] = [Math.min(box[0], w), Math.min(box[1], s), Math.max(box[2], e), Math.max(box[3], n)];
    }
    if (box[0] <= box[2]) this.map.fitBounds([[box[1], box[0]], [box[3], box[2]]], { padding: [24, 24], animate: false });
  }

  /** What does not change: around the draft, and the parents' borders. */
  drawAround() {
    this.around.clearLayers();
    const still = { interactive: false, renderer: this.below };
    for (const one of this.draft.neighbours) if (one.geometry) L.polygon(places(one.geometry), { ...still, color: "#2f4a63", weight: 1, fillColor: "#0b1a28", fillOpacity: 0.6 }).addTo(this.around);
    for (const one of this.draft.parents) if (one.geometry) L.polygon(places(one.geometry), { ...still, color: "#9db8cc", weight: 3, fill: false, dashArray: "1 6", lineCap: "round" }).addTo(this.around);
  }

  /** Redraws one unit as it is while it is dragged. @param {string} key @param {import("./rings.js").Shape} shape */
  reshape(key, shape) {
    this.#layers.get(key)?.setLatLngs(places(shape));
  }

  /** @param {string} key */
  boundsOf(key) {
    return this.#layers.get(key)?.getBounds();
  }

  /** @param {{ keys: string[], gone: string[] }} changed */
  #changed({ keys, gone }) {
    for (const key of gone) {
      this.#layers.get(key)?.removeFrom(this.units);
      this.#layers.delete(key);
    }
    for (const key of keys) this.#draw(key);
    this.drawNames();
  }

  /** @param {string} key */
  #draw(key) {
    const unit = /** @type {import("./applying.js").Unit} */ (this.draft.shown.get(key));
    const known = this.#layers.get(key);
    if (known) known.setLatLngs(places(unit.geometry)).setStyle(this.#styleOf(key));
    else {
      const layer = L.polygon(places(unit.geometry), { renderer: this.canvas, smoothFactor: 0.7, ...this.#styleOf(key) });
      layer.key = key;
      this.#layers.set(key, layer.addTo(this.units));
    }
  }

  /** @param {string} key */
  #styleOf(key) {
    const state = /** @type {"same"} */ (this.draft.shown.get(key)?.properties.state);
    const style = { dashArray: null, ...(STYLES[state] ?? STYLES.same), ...(this.draft.chosen.includes(key) ? CHOSEN : {}) };
    return this.draft.waiting.has(key) ? { ...style, ...WAITING } : style;
  }

  #restyle() {
    const now = new Set(this.draft.chosen);
    for (const key of new Set([...this.#chosen, ...now])) if (this.draft.shown.has(key)) this.#layers.get(key)?.setStyle(this.#styleOf(key));
    this.#chosen = now;
    this.units.closeTooltip();
    this.drawNames();
  }

  /** @param {string} key */
  #note(key) {
    const about = this.draft.shown.get(key)?.properties ?? {};
    const facts = [about.code, about.households === null ? t("householdsNone") : t("householdsN", { n: about.households }), about.area_m2 ? area(about.area_m2) : ""];
    return el("div", { class: this.#chosen.has(key) ? "is-chosen" : null }, el("b", {}, about.name), el("small", {}, facts.filter(Boolean).join(" · ")));
  }

  /** Names of the units in view that are wide enough for theirs. */
  drawNames() {
    this.names.clearLayers();
    const bounds = this.map.getBounds();
    const view = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()];
    const scale = this.map.getSize().x / Math.max(1e-12, view[2] - view[0]); // pixels to a degree of longitude
    let left = NAMES_AT_MOST;
    for (const [key, unit] of this.draft.shown) {
      const box = boxOf(unit.geometry);
      const chosen = this.#chosen.has(key);
      if (left === 0 || !meets(box, view)) continue;
      if (!chosen && (box[2] - box[0]) * scale < 15 * unit.properties.name.length) continue;
      left -= 1;
      const name = el("span", { class: `pl-name${chosen ? " is-chosen" : ""}` }, unit.properties.name);
      const [lon, lat] = middleOf(unit.geometry);
      L.marker([lat, lon], { pane: "names", interactive: false, icon: L.divIcon({ className: "pl-name-mark", html: name, iconSize: [0, 0] }) }).addTo(this.names);
    }
  }
}

/** What Leaflet draws a shape from. @param {import("./rings.js").Shape} shape */
export function places(shape) {
  return polygonsOf(shape).map((rings) => rings.map((ring) => ring.slice(0, -1).map(([lon, lat]) => [lat, lon])));
}
