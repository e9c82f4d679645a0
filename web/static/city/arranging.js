/** Where labels go: at most twice a second, and after every move of the map. */

import { map, thinNames, whenLearnt } from "../citymap.js";
import { place } from "../placing.js";
import { store } from "../store.js";
import { forgetSizes } from "./label.js";

/**
 * @typedef {{width: number, height: number}} Size px
 * @typedef {{marker: any, node: HTMLElement, urgency: number, outside?: boolean, size?: () => Size, write?: () => void}} Labelled
 *   `outside` of what is in view, and without a label; `size`: of a label that is not drawn before `write`
 */

const AGAIN_MS = 500;
const LABELS = 120; // beyond that no view has room, and the search for it costs

/** @type {Array<() => Labelled[]>} */ const sources = [];
let arrangedAt = -Infinity;
let timer = 0;

/** Keep the labels of these apart. @param {() => Labelled[]} labelled */
export function keepArranged(labelled) {
  if (!sources.length) {
    map.on("moveend zoomend", () => soon(store.awaited ? AGAIN_MS : 0)); // what is drawn now may go at once
    map.on("resize", () => { forgetSizes(); soon(0); });
    whenLearnt(arrangeSoon); // there are names that were not there
    document.fonts?.addEventListener("loadingdone", () => { forgetSizes(); arrangeSoon(); });
  }
  sources.push(labelled);
}

/** Something has another size or place. */
export function arrangeSoon() {
  soon(Math.max(0, arrangedAt + AGAIN_MS - performance.now()));
}

let dueAt = Infinity;

/** @param {number} wait ms */
function soon(wait) {
  const at = performance.now() + wait;
  if (at >= dueAt) return;
  dueAt = at;
  clearTimeout(timer);
  timer = window.setTimeout(() => requestAnimationFrame(arrange), wait);
}

/** Give every label a place of its own, the worst first; one without room shows its shape alone. */
function arrange() {
  dueAt = Infinity;
  arrangedAt = performance.now();
  const size = map.getSize();
  const seen = sources.flatMap((labelled) => labelled()).map((one) => ({ ...one, ...xy(one.marker) }))
    .filter(({ x, y }) => x > -40 && y > -40 && x < size.x + 40 && y < size.y + 40)
    .sort((a, b) => a.urgency - b.urgency);
  const labelled = seen.filter(({ outside }) => !outside).slice(0, LABELS).map((one) => ({ ...one, ...sizeOf(one) }));
  const nodes = new Set(labelled.map(({ node }) => node));
  const pins = seen.filter(({ node }) => !nodes.has(node)).map(({ x, y }) => ({ left: x - 12, top: y - 12, right: x + 12, bottom: y + 12 }));
  const found = place(labelled, { width: size.x, height: size.y }, [...obstacles(), ...pins]);
  const places = new Map(labelled.map(({ node }, i) => [node, found[i]]));
  for (const one of seen) move(one, places.get(one.node) ?? null);
  thinNames([...document.querySelectorAll(".station:not(.bare) > .tag, .pin, .cluster, .map-tools, .legend, .card:not([hidden])")].map((node) => node.getBoundingClientRect()));
}

/** @param {Labelled} one @returns {Size} */
function sizeOf({ size, node }) {
  if (size) return size();
  const tag = tagOf(node);
  return { width: tag.offsetWidth, height: tag.offsetHeight };
}

/** @param {HTMLElement} node */
const tagOf = (node) => /** @type {HTMLElement} */ (node.querySelector(".tag"));

/** @param {any} marker */
function xy(marker) {
  const { x, y } = map.latLngToContainerPoint(marker.getLatLng());
  return { x, y };
}

/** What stands over the map. */
function obstacles() {
  const ground = map.getContainer().getBoundingClientRect();
  return [...document.querySelectorAll(".cluster, .map-tools, .legend, .card:not([hidden]), .division-card:not([hidden]), .incident-stage:not([hidden])")].map((node) => {
    const box = node.getBoundingClientRect();
    return { left: box.left - ground.left, top: box.top - ground.top, right: box.right - ground.left, bottom: box.bottom - ground.top };
  });
}

/** @param {Labelled} one @param {{dx: number, dy: number, endX: number, endY: number} | null} where */
function move({ node, outside = false, write }, where) {
  node.classList.toggle("outside", outside);
  node.classList.toggle("bare", where === null);
  if (where === null) return;
  write?.();
  const tag = tagOf(node);
  tag.style.left = `${where.dx}px`;
  tag.style.top = `${where.dy}px`;
  const line = node.querySelector("line");
  line?.setAttribute("x2", String(where.endX));
  line?.setAttribute("y2", String(where.endY));
}
