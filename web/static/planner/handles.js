/**
 * The borders of what is chosen, to be taken hold of. Each shared border is one line (an arc), edited by Geoman; whatever
 * has a vertex there follows, for the polygons are made of the arcs again. What comes out is a step.
 */

import { Arcs } from "./arcs.js";
import { boxOf, keyOf, meets, rounded } from "./rings.js";

/* global L */

/**
 * @typedef {import("./rings.js").Point} Point
 * @typedef {import("./arcs.js").Spot} Spot
 * @typedef {{ spots: Spot[], from: Point, edge: [Point, Point] | null }} Hold what is held: a vertex, or one put into an edge
 */

export const EDIT_FROM_ZOOM = 13;
const FEW_MARKERS = 500; // beyond it Geoman shows those near the pointer only
const EDIT = { allowSelfIntersection: true, snappable: true, snapDistance: 14, removeVertexOn: "contextmenu" };

/** Events: `step` (what was done), `crossed` (put back), `vertex` (one was clicked: its point), `remove` (point). */
export class Handles extends EventTarget {
  /** @type {Arcs | null} */ arcs = null;
  /** @type {Map<number, any>} Geoman's lines by arc */ lines = new Map();
  /** @type {Hold | null} */ hold = null;
  snapping = true;
  #signature = "";
  #frame = 0;
  #due = false;
  #isMoving = false; // the other markers of a vertex, which Leaflet tells of as if they had been dragged

  /** @param {any} map @param {import("./draft.js").Draft} draft @param {import("./ground.js").Ground} ground */
  constructor(map, draft, ground) {
    super();
    this.map = map;
    this.draft = draft;
    this.ground = ground;
    this.group = L.layerGroup().addTo(map);
    this.off = false; // while a line is drawn
    for (const name of ["units", "chosen", "head"]) draft.addEventListener(name, () => this.later());
    map.on("zoomend", () => this.later());
  }

  get areShown() {
    return this.lines.size > 0;
  }

  /** Made again in the next frame, however many ask; never under somebody's hand. */
  later() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => { this.#due = false; this.rebuild(); });
  }

  /** @param {boolean} [anyway] also where nothing seems to differ */
  rebuild(anyway = false) {
    if (this.hold) return;
    const shown = this.draft.mayEdit && !this.off && this.map.getZoom() >= EDIT_FROM_ZOOM;
    const chosen = shown ? this.draft.chosenUnits.filter((one) => !this.draft.waiting.has(one.id)) : [];
    const near = this.#near(chosen);
    const signature = JSON.stringify([chosen.map((one) => one.id), near.units.map((one) => [one.id, one.geometry.coordinates]), this.snapping]);
    if (!anyway && signature === this.#signature) return;
    this.#signature = signature;
    this.group.clearLayers();
    this.lines.clear();
    this.arcs = chosen.length ? new Arcs(near.units, near.fixed) : null;
    if (this.arcs) this.#drawLines(new Set(chosen.flatMap((one) => /** @type {Arcs} */ (this.arcs).of(one.id))));
    this.dispatchEvent(new Event("built"));
  }

  /** The chosen units and all around them. @param {import("./applying.js").Unit[]} chosen */
  #near(chosen) {
    const boxes = chosen.map((one) => boxOf(one.geometry));
    const beside = (/** @type {import("./applying.js").Unit} */ one) => one.geometry && boxes.some((box) => meets(box, boxOf(one.geometry)));
    return chosen.length ? { units: [...this.draft.shown.values()].filter(beside), fixed: this.draft.neighbours.filter(beside) } : { units: [], fixed: [] };
  }

  /** @param {Set<number>} arcs */
  #drawLines(arcs) {
    const { arcs: all } = /** @type {Arcs} */ (this.arcs);
    const count = [...arcs].reduce((sum, arc) => sum + all[arc].length, 0);
    for (const arc of arcs) {
      const latlngs = all[arc].map(([lon, lat]) => L.latLng(lat, lon));
      const outer = /** @type {Arcs} */ (this.arcs).isOuter(arc);
      L.polyline(latlngs, { pane: "handles", weight: 18, opacity: 0, className: "pl-grip" }).on("mousedown", (/** @type {any} */ event) => this.#grab(event, arc)).addTo(this.group);
      const line = L.polyline(latlngs, { pane: "handles", weight: 3.5, color: outer ? "#c4cfd9" : "#8fd6c4", dashArray: outer ? "2 6" : null, interactive: false, pmIgnore: false, snapIgnore: true }).addTo(this.group);
      line.pm.enable({ ...EDIT, snappable: this.snapping, limitMarkersToCount: count > FEW_MARKERS ? 24 : -1, removeVertexValidation: (/** @type {any} */ told) => this.#remove(arc, told) });
      this.#listen(line, arc);
      this.lines.set(arc, line);
    }
  }

  /** @param {any} line @param {number} arc */
  #listen(line, arc) {
    const pointOf = (/** @type {any} */ event) => event.markerEvent.target.getLatLng();
    line.on("pm:markerdragstart", (/** @type {any} */ event) => { if (event.indexPath) this.#take(arc, event.indexPath[0]); });
    line.on("pm:vertexadded", (/** @type {any} */ event) => this.#added(arc, event));
    line.on("pm:markerdrag", (/** @type {any} */ event) => { if (!this.#isMoving) this.move(pointOf(event), line); });
    line.on("pm:markerdragend", () => this.release());
    line.on("pm:vertexclick", (/** @type {any} */ event) => this.#clicked(arc, event.indexPath?.[0]));
  }

  /** @param {number} arc @param {number | undefined} at */
  #clicked(arc, at) {
    const point = at === undefined ? undefined : this.arcs?.arcs[arc][at];
    if (point) this.dispatchEvent(new CustomEvent("vertex", { detail: point }));
  }

  /** Geoman asks before it removes; the step does it, for both sides. @param {number} arc @param {any} told */
  #remove(arc, { marker }) {
    const at = this.lines.get(arc).pm._markers.indexOf(marker);
    const point = this.arcs?.arcs[arc][at];
    if (point) this.dispatchEvent(new CustomEvent("remove", { detail: point }));
    return false;
  }

  /** Whether it can be removed: no borders meet there. @param {Point} point */
  isWithinArc(point) {
    const spots = this.arcs?.spots.get(keyOf(point)) ?? [];
    return spots.length === 1 && spots[0].at > 0 && spots[0].at < /** @type {Arcs} */ (this.arcs).arcs[spots[0].arc].length - 1;
  }

  /** Geoman put a vertex into an edge: by a click it stays in the middle, else it is being dragged. @param {number} arc @param {any} event */
  #added(arc, { marker, indexPath, latlng }) {
    const line = /** @type {Arcs} */ (this.arcs).arcs[arc];
    const at = indexPath[0];
    const edge = /** @type {[Point, Point]} */ ([line[at - 1], line[at]]);
    const point = /** @type {Point} */ ([rounded(latlng.lng), rounded(latlng.lat)]);
    if (!marker._dragging) {
      this.#done({ kind: "add_vertex", edge, at: point });
      return;
    }
    line.splice(at, 0, point);
    this.hold = { spots: [{ arc, at }], from: point, edge };
  }

  /** @param {number} arc @param {number} at */
  #take(arc, at) {
    const from = /** @type {Arcs} */ (this.arcs).arcs[arc][at];
    this.take(from);
  }

  /** Takes hold of a vertex; whatever has it follows. @param {Point} from */
  take(from) {
    const spots = this.arcs?.spots.get(keyOf(from));
    if (spots) this.hold = { spots, from, edge: null };
    return Boolean(spots);
  }

  /** A border is taken hold of between its vertices. @param {any} event @param {number} arc */
  #grab(event, arc) {
    if (event.originalEvent.button !== 0 || !this.arcs) return;
    L.DomEvent.stop(event);
    const line = this.arcs.arcs[arc];
    const at = this.#edgeAt(line, event.containerPoint);
    const edge = /** @type {[Point, Point]} */ ([line[at - 1], line[at]]);
    let begun = false;
    this.map.dragging.disable();
    const drag = (/** @type {any} */ moved) => {
      if (!begun && event.containerPoint.distanceTo(moved.containerPoint) < 3) return;
      if (!begun) {
        line.splice(at, 0, /** @type {Point} */ ([event.latlng.lng, event.latlng.lat]));
        this.hold = { spots: [{ arc, at }], from: line[at], edge };
      }
      begun = true;
      this.move(this.snapped?.(moved.latlng) ?? moved.latlng);
    };
    const drop = () => {
      this.map.off("mousemove", drag);
      document.removeEventListener("mouseup", drop);
      this.map.dragging.enable();
      if (begun) this.release();
    };
    this.map.on("mousemove", drag);
    document.addEventListener("mouseup", drop);
  }

  /** Which edge of a line lies nearest to a place on the screen: the place of its second vertex. @param {Point[]} line @param {any} point */
  #edgeAt(line, point) {
    const seen = line.map(([lon, lat]) => this.map.latLngToContainerPoint([lat, lon]));
    let [best, nearest] = [1, Infinity];
    for (let at = 1; at < seen.length; at += 1) {
      const away = L.LineUtil.pointToSegmentDistance(point, seen[at - 1], seen[at]);
      if (away < nearest) [best, nearest] = [at, away];
    }
    return best;
  }

  /** Where a grabbed border snaps to; set by the page. @type {((latlng: any) => any) | null} */
  snapped = null;

  /** What is held goes there. @param {any} latlng @param {any} [led] the line that Geoman moves itself */
  move(latlng, led) {
    if (!this.hold || !this.arcs) return;
    this.arcs.put(this.hold.spots, [rounded(latlng.lng), rounded(latlng.lat)]);
    this.#isMoving = true;
    for (const { arc, at } of this.hold.spots) this.#follow(arc, at, latlng, led);
    this.#isMoving = false;
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#redraw());
  }

  /** @param {number} arc @param {number} at @param {any} latlng @param {any} led */
  #follow(arc, at, latlng, led) {
    const line = this.lines.get(arc);
    if (!line) return;
    if (this.hold?.edge) {
      if (line !== led) line.setLatLngs(/** @type {Arcs} */ (this.arcs).arcs[arc].map(([lon, lat]) => [lat, lon]));
    } else if (line !== led || line.pm._markers[at].getLatLng() !== latlng) line.pm._markers[at].setLatLng(latlng);
  }

  #redraw() {
    this.#frame = 0;
    if (!this.hold || !this.arcs) return;
    for (const key of this.arcs.along(this.hold.spots.map((one) => one.arc))) this.ground.reshape(key, this.arcs.shapeOf(key));
  }

  /** What is held stays where it is: a step, unless borders cross there. */
  release() {
    const { hold, arcs } = this;
    if (!hold || !arcs) return;
    const to = arcs.arcs[hold.spots[0].arc][hold.spots[0].at];
    if (keyOf(to) === keyOf(hold.from) && !hold.edge) this.giveUp();
    else if (arcs.isCrossed(hold.spots)) {
      this.giveUp();
      this.dispatchEvent(new Event("crossed"));
    } else this.#done(hold.edge ? { kind: "reshape", old: hold.edge, new: [hold.edge[0], to, hold.edge[1]] } : { kind: "move", moves: [[hold.from, to]] });
  }

  /** @param {import("./applying.js").Step} step */
  #done(step) {
    this.hold = null;
    this.#signature = "";
    this.later();
    this.dispatchEvent(new CustomEvent("step", { detail: step }));
  }

  /** Everything back to where the draft has it. */
  giveUp() {
    const touched = this.hold && this.arcs ? this.arcs.along(this.hold.spots.map((one) => one.arc)) : [];
    this.hold = null;
    for (const key of touched) {
      const unit = this.draft.shown.get(key);
      if (unit) this.ground.reshape(key, unit.geometry);
    }
    this.#signature = "";
    this.later();
  }
}
