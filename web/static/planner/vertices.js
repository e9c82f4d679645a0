/** One vertex by keys: gone to along the border, nudged, put in, removed. */

import { keyOf, rounded } from "./rings.js";
import { whisper } from "./saying.js";
import { t } from "./strings.js";

/* global L */

/** Events: `state` (one was chosen, or none is any more). */
export class Vertices extends EventTarget {
  /** @type {import("./rings.js").Point | null} where it is now */ at = null;
  #mark = L.circleMarker([0, 0], { pane: "marks", radius: 11, color: "#ffe08a", weight: 4, fill: false, interactive: false });
  /** @type {string} the unit along whose border it goes */ #unit = "";

  /** @param {any} map @param {import("./draft.js").Draft} draft @param {import("./handles.js").Handles} handles */
  constructor(map, draft, handles) {
    super();
    this.map = map;
    this.draft = draft;
    this.handles = handles;
    handles.addEventListener("vertex", (event) => this.choose(/** @type {CustomEvent} */ (event).detail));
    handles.addEventListener("built", () => this.#again());
    draft.addEventListener("chosen", () => this.leave());
  }

  get isMoving() {
    return this.at !== null && this.handles.hold !== null;
  }

  /** The vertices of the first chosen unit, ring by ring. */
  #around() {
    this.#unit = this.draft.chosen[0] ?? "";
    return this.handles.arcs?.around(this.#unit) ?? [];
  }

  /** @param {1 | -1} step */
  next(step) {
    this.keep();
    const all = this.#around();
    if (!all.length) return false;
    const now = this.at ? all.findIndex((one) => keyOf(one) === keyOf(/** @type {any} */ (this.at))) : -1;
    this.choose(all[now === -1 ? (step > 0 ? 0 : all.length - 1) : (now + step + all.length) % all.length]);
    return true;
  }

  /** @param {import("./rings.js").Point} point */
  choose(point) {
    this.keep();
    this.at = point;
    this.#show();
    if (!this.map.getBounds().pad(-0.1).contains([point[1], point[0]])) this.map.panTo([point[1], point[0]], { animate: false });
    const all = this.#around();
    const i = all.findIndex((one) => keyOf(one) === keyOf(point)) + 1;
    whisper(t("vertexAt", { i: i || "–", n: all.length, shared: this.#shared(point) }));
  }

  /** @param {import("./rings.js").Point} point */
  #shared(point) {
    const { arcs } = this.handles;
    const spots = arcs?.spots.get(keyOf(point)) ?? [];
    if (!arcs || spots.some(({ arc }) => arcs.isOuter(arc))) return t("vertexOuter");
    const names = arcs.along(spots.map((one) => one.arc)).filter((key) => key !== this.#unit).map((key) => this.draft.shown.get(key)?.properties.name);
    return t("vertexShared", { names: names.join("、") });
  }

  #show() {
    if (!this.at) return;
    this.#mark.setLatLng([this.at[1], this.at[0]]).addTo(this.map);
    document.body.dataset.vertex = keyOf(this.at);
    this.dispatchEvent(new Event("state"));
  }

  /** @param {number} x pixels @param {number} y */
  nudge(x, y) {
    if (!this.at || (!this.handles.hold && !this.handles.take(this.at))) return;
    const place = this.map.latLngToContainerPoint([this.at[1], this.at[0]]).add([x, y]);
    const latlng = this.map.containerPointToLatLng(place);
    this.at = [rounded(latlng.lng), rounded(latlng.lat)];
    this.handles.move(L.latLng(this.at[1], this.at[0]));
    this.#show();
    if (this.map.getContainer().dataset.moving !== "") whisper(t("vertexMoving"));
    this.map.getContainer().dataset.moving = "";
  }

  /** Where it was nudged to becomes a step. */
  keep() {
    delete this.map.getContainer().dataset.moving;
    if (this.isMoving) this.handles.release();
  }

  /** Back to where it was; true where something was given up. */
  giveUp() {
    delete this.map.getContainer().dataset.moving;
    if (!this.at) return false;
    const hold = this.handles.hold;
    if (hold) {
      this.at = hold.from;
      this.handles.giveUp();
      this.#show();
    } else this.leave();
    return true;
  }

  leave() {
    this.keep();
    this.at = null;
    this.#mark.remove();
    delete document.body.dataset.vertex;
    this.dispatchEvent(new Event("state"));
  }

  /** The edge after it, along the border. @returns {[import("./rings.js").Point, import("./rings.js").Point] | null} */
  edge() {
    const { arcs } = this.handles;
    const spot = this.at ? arcs?.spots.get(keyOf(this.at))?.[0] : undefined;
    if (!arcs || !spot) return null;
    const line = arcs.arcs[spot.arc];
    return spot.at + 1 < line.length ? [line[spot.at], line[spot.at + 1]] : [line[spot.at - 1], line[spot.at]];
  }

  /** After the borders were made anew: the vertex is still there, or it is none any more. */
  #again() {
    if (this.at && !this.handles.arcs?.spots.has(keyOf(this.at))) this.leave();
  }
}
