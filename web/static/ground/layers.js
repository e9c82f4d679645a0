/** Which layers there are beneath the map, and which of them are on: as the address says, else as each says itself. */

import { said, say, whenSaid } from "../address.js";
import { language } from "../strings.js";

/**
 * @typedef {{
 *   id: string, zh: string, en: string, kind: "raster" | "vector", url: string,
 *   min_zoom: number, max_zoom: number, bounds: [number, number, number, number] | null,
 *   attribution: string, approval: string, derived: boolean, on: boolean, opacity: number,
 * }} Layer
 */

const AGAIN_MS = 10_000;
const NONE = "none"; // in the address: every layer is off
const KEPT = "shijing-ground-opacity";

/** @type {Layer[]} the lowest first */
let all = [];
/** @type {Array<() => void>} */
const listeners = [];

/** Every layer, the lowest first. */
export const layers = () => all;

/** Call `act` when layers, or which of them are on, have changed. @param {() => void} act */
export function whenLayers(act) {
  listeners.push(act);
}

/** Ask for the layers until they come. */
export async function loadLayers() {
  whenSaid(["ground"], heed);
  for (;;) {
    const answer = await fetch("/ground/layers.json").catch(() => null);
    if (answer?.ok) {
      all = (await answer.json()).layers;
      return heed();
    }
    await new Promise((done) => setTimeout(done, AGAIN_MS));
  }
}

function heed() {
  for (const act of listeners) act();
}

/** @param {Layer} layer */
export const nameOf = (layer) => layer[language];

/** Those that are on, the lowest first; ids that nobody knows are passed over. */
export function shown() {
  const told = said("ground");
  const ids = told.split(",");
  return all.filter((layer) => (told === "" ? layer.on : ids.includes(layer.id)));
}

/** Switch one on or off. @param {string} id @param {boolean} on */
export function switchLayer(id, on) {
  const ids = all.filter((layer) => (layer.id === id ? on : shown().includes(layer))).map((layer) => layer.id);
  const usual = all.filter((layer) => layer.on).map((layer) => layer.id);
  say({ ground: ids.join() === usual.join() ? null : ids.join() || NONE });
}

/** How much a layer covers, 0 to 1: as set at this screen, else as its owner says. @param {Layer} layer @returns {number} */
export function opacityOf(layer) {
  return kept()[layer.id] ?? layer.opacity;
}

/** @param {Layer} layer @param {number} opacity */
export function setOpacity(layer, opacity) {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...kept(), [layer.id]: opacity }));
  } catch { /* kept by nobody: a browser that keeps nothing */ }
  heed();
}

/** @returns {Record<string, number>} */
function kept() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}
