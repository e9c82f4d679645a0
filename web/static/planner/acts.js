/** What a planner does with what is chosen: split, merge, move a piece, remove or put in a vertex. Each ends in a step. */

import { el } from "../dom.js";
import { neighboursOf } from "./card.js";
import { EDIT_FROM_ZOOM } from "./handles.js";
import { boxOf, ringsOf, rounded, same } from "./rings.js";
import { askFor, field, radios, say } from "./saying.js";
import { t } from "./strings.js";

/* global L */

export class Acts {
  /**
   * @param {{ map: any, draft: import("./draft.js").Draft, handles: import("./handles.js").Handles, vertices: import("./vertices.js").Vertices,
   *   drawing: import("./drawing.js").Drawing, done: (step: any) => void }} parts
   */
  constructor(parts) {
    Object.assign(this, parts);
    parts.drawing.addEventListener("drawn", (event) => void this.#drawn(/** @type {CustomEvent} */ (event).detail));
    parts.handles.addEventListener("remove", (event) => this.#remove(/** @type {CustomEvent} */ (event).detail));
  }

  /** Whether it can be done now; says why not. @param {number} least @param {number} most */
  #may(least, most) {
    const count = this.draft.chosen.length;
    if (!this.draft.mayEdit) return false;
    if (count < least || count > most) say(t(least > 1 ? "needTwo" : "needOne"));
    else if (this.draft.chosen.some((key) => this.draft.waiting.has(key))) say(t("notHere"));
    else return true;
    return false;
  }

  split() {
    if (this.#may(1, 1)) this.drawing.begin("split");
  }

  piece() {
    if (this.#may(1, 2)) this.drawing.begin("piece");
  }

  /** @param {{ what: "split" | "piece", points: import("./rings.js").Point[] }} drawn */
  async #drawn({ what, points }) {
    if (!this.draft.chosen.length) return;
    if (what === "split") await this.#split(points);
    else await this.#transfer(points);
  }

  /** @param {import("./rings.js").Point[]} line */
  async #split(line) {
    const [unit] = this.draft.chosenUnits;
    const { name } = unit.properties;
    const input = el("input", { value: t("splitName", { name }), maxlength: 60, required: "", autocomplete: "off" });
    const said = await askFor({ title: t("ask.split"), note: t("ask.splitNote", { name }), fields: [
      field("name", t("ask.newName"), input), field("code", t("ask.newCode"), el("input", { maxlength: 20, autocomplete: "off" }))] });
    if (said) this.done({ kind: "split", unit: unit.id, line, name: said.name, ...(said.code ? { code: said.code } : {}) });
  }

  /** @param {import("./rings.js").Point[]} piece */
  async #transfer(piece) {
    const [from, given] = this.draft.chosenUnits;
    const choices = given ? [given] : nearestFirst(neighboursOf(this.draft, from), piece);
    if (!choices.length) {
      say(t("noNeighbour"), "bad");
      return;
    }
    const to = choices.length === 1 ? choices[0].id : (await askFor({ title: t("ask.piece"), note: t("ask.pieceNote", { name: from.properties.name }),
      verb: t("tool.piece"), fields: [radios("to", choices.slice(0, 8).map((one) => [one.id, one.properties.name, one.properties.code]))] }))?.to;
    if (to) this.done({ kind: "transfer", from: from.id, to, piece });
  }

  async merge() {
    if (!this.#may(2, 200)) return;
    const units = this.draft.chosenUnits;
    const input = /** @type {HTMLInputElement} */ (el("input", { value: units[0].properties.name, maxlength: 60, required: "", autocomplete: "off" }));
    const choice = radios("into", units.map((one) => [one.id, one.properties.name, one.properties.code]));
    choice.addEventListener("change", (event) => {
      const key = /** @type {HTMLInputElement} */ (event.target).value;
      input.value = this.draft.shown.get(key)?.properties.name ?? input.value;
    });
    const said = await askFor({ title: t("ask.merge"), fields: [el("p", { class: "soft" }, t("ask.mergeInto")), choice, field("name", t("name"), input)] });
    if (!said) return;
    const kept = this.draft.shown.get(said.into)?.properties.name;
    this.done({ kind: "merge", units: units.map((one) => one.id), into: said.into, ...(said.name !== kept ? { name: said.name } : {}) });
  }

  removeVertex() {
    if (this.vertices.at) this.#remove(this.vertices.at);
    else say(t("needVertex"));
  }

  /** @param {import("./rings.js").Point} point */
  #remove(point) {
    if (!this.handles.isWithinArc(point)) {
      say(t("cannotRemove"));
      return;
    }
    this.vertices.leave();
    this.done({ kind: "remove_vertex", at: point });
  }

  insertVertex() {
    const edge = this.vertices.edge();
    if (!edge) {
      say(t("needVertex"));
      return;
    }
    const at = /** @type {import("./rings.js").Point} */ ([rounded((edge[0][0] + edge[1][0]) / 2), rounded((edge[0][1] + edge[1][1]) / 2)]);
    if (same(at, edge[0]) || same(at, edge[1])) return;
    this.done({ kind: "add_vertex", edge, at });
    this.vertices.at = at;
  }

  /** Close enough to change the borders of what is chosen. */
  zoomTo() {
    const bounds = this.draft.chosenUnits.map((one) => boxOf(one.geometry)).reduce((all, [w, s, e, n]) => all.extend([[s, w], [n, e]]), L.latLngBounds([]));
    if (!bounds.isValid()) return;
    this.map.fitBounds(bounds, { padding: [60, 60], animate: false, maxZoom: 18 });
    if (this.map.getZoom() < EDIT_FROM_ZOOM) this.map.setZoom(EDIT_FROM_ZOOM, { animate: false });
  }
}

/** Neighbours by how near their borders come to a piece. @param {import("./applying.js").Unit[]} units @param {import("./rings.js").Point[]} piece */
function nearestFirst(units, piece) {
  const [x, y] = [0, 1].map((i) => piece.reduce((sum, point) => sum + point[i], 0) / piece.length);
  const away = new Map(units.map((one) => [one, Math.min(...ringsOf(one.geometry).flat().map((point) => Math.hypot(point[0] - x, point[1] - y)))]));
  return [...units].sort((a, b) => /** @type {number} */ (away.get(a)) - /** @type {number} */ (away.get(b)));
}
