/** Names of the ground keep clear of what is written on the map already: townships, districts, sensors, clusters. */

import { map } from "../citymap.js";

/** @typedef {{minX: number, minY: number, maxX: number, maxY: number}} Box in pixels of the world at the zoom of the view */

const WRITTEN = ".district-name, .township-name, .river-name, .station:not(.bare) > .tag, .pin, .cluster, .thing-sign";
const MARGIN = 3;

/** @type {Box[]} */ let taken = [];
let before = "";

/** Look again at what is written. @returns {boolean} whether it is something else now */
export function lookAround() {
  const zoom = map.getZoom();
  const ground = map.getContainer().getBoundingClientRect();
  const place = (/** @type {number} */ x, /** @type {number} */ y) => map.project(map.containerPointToLatLng([x - ground.left, y - ground.top]), zoom);
  taken = [...map.getContainer().querySelectorAll(WRITTEN)].flatMap((node) => {
    const { left, top, right, bottom, width } = node.getBoundingClientRect();
    if (!width || right < ground.left || left > ground.right || bottom < ground.top || top > ground.bottom) return [];
    const [from, to] = [place(left - MARGIN, top - MARGIN), place(right + MARGIN, bottom + MARGIN)];
    return [{ minX: from.x, minY: from.y, maxX: to.x, maxY: to.y }];
  });
  const now = taken.map(({ minX, minY, maxX }) => [minX, minY, maxX].map((one) => Math.round(one / 4)).join()).sort().join(" ");
  const differs = now !== before;
  before = now;
  return differs;
}

/** @param {Box} box */
const meets = (box) => taken.some((other) => box.minX < other.maxX && box.maxX > other.minX && box.minY < other.maxY && box.maxY > other.minY);

/**
 * A symbolizer of labels that tries its other places, else is left out, where something is written.
 * @param {{place: (layout: any, geometry: any, feature: any) => any}} symbolizer
 */
export function keptClear(symbolizer) {
  return {
    /** @param {any} layout @param {any} geometry @param {any} feature */
    place(layout, geometry, feature) {
      const index = { bboxCollides: (/** @type {Box} */ box, /** @type {number} */ order) => meets(box) || layout.index.bboxCollides(box, order) };
      return symbolizer.place({ ...layout, index }, geometry, feature)?.filter((/** @type {{bboxes: Box[]}} */ { bboxes }) => !bboxes.some(meets));
    },
  };
}
