/** Before and after: what is in force on the left of a divider, the draft on its right. */

import { byId } from "../dom.js";
import { places } from "./ground.js";
import { ask } from "./server.js";

/* global L */

const PANES = ["units", "names", "handles", "vertices", "marks"];

export class Swipe {
  on = false;
  #at = 0.5;
  /** @type {any} */ #before = null;

  /** @param {any} map @param {string} base */
  constructor(map, base) {
    this.map = map;
    this.base = base;
    this.handle = byId("swipe");
    map.on("move zoomend resize", () => this.#clip());
    this.handle.addEventListener("pointerdown", (event) => this.#drag(event));
    this.handle.addEventListener("keydown", (event) => this.#key(event));
  }

  async toggle() {
    this.on = !this.on;
    if (this.on && !this.#before) await this.#read();
    for (const id of ["swipe", "swipe-before", "swipe-after"]) byId(id).hidden = !this.on;
    this.map.getPane("before").hidden = !this.on;
    this.#clip();
    if (this.on) this.handle.focus();
  }

  async #read() {
    const { units } = await ask(`${this.base}/base`);
    const renderer = L.canvas({ pane: "before", padding: 0.2 });
    this.#before = L.layerGroup(units.features.map((/** @type {any} */ one) => L.polygon(places(one.geometry),
      { renderer, interactive: false, color: "#ffcf8a", weight: 1.4, fillColor: "#33291a", fillOpacity: 1 }))).addTo(this.map);
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    event.preventDefault();
    this.handle.focus();
    this.handle.setPointerCapture(event.pointerId);
    const box = this.map.getContainer().getBoundingClientRect();
    const move = (/** @type {PointerEvent} */ moved) => this.#to((moved.clientX - box.left) / box.width);
    this.handle.addEventListener("pointermove", move);
    this.handle.addEventListener("lostpointercapture", () => this.handle.removeEventListener("pointermove", move), { once: true });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.2, PageUp: 0.2 }[event.key];
    const to = step ? this.#at + step : { Home: 0, End: 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#to(to);
  }

  /** @param {number} share of the map's width that shows what is in force */
  #to(share) {
    this.#at = Math.min(1, Math.max(0, share));
    this.#clip();
  }

  #clip() {
    const { x, y } = this.map.getSize();
    const edge = Math.round(x * this.#at);
    const [nw, middle, se] = [[0, 0], [edge, 0], [x, y]].map((one) => this.map.containerPointToLayerPoint(one));
    this.handle.style.left = `${edge}px`;
    this.handle.setAttribute("aria-valuenow", String(Math.round(this.#at * 100)));
    const rect = (/** @type {number} */ left, /** @type {number} */ right) => `rect(${nw.y}px, ${right}px, ${se.y}px, ${left}px)`;
    this.map.getPane("before").style.clip = this.on ? rect(nw.x, middle.x) : "";
    for (const name of PANES) this.map.getPane(name).style.clip = this.on ? rect(middle.x, se.x) : "";
  }
}
