/** The library that draws vector tiles: a classic script, and one of the largest things on the page. */

import { whenIdle } from "./idle.js";

const SCRIPT = "/vendor/protomaps-leaflet/protomaps-leaflet.js";

/** @type {Promise<any> | null} */ let library = null;

/** Read once, by whoever needs it first. @returns {Promise<any>} */
export function protomaps() {
  library ??= new Promise((done, failed) => {
    const { protomapsL } = /** @type {any} */ (globalThis);
    if (protomapsL) return done(protomapsL); // the page brought it along
    const script = document.createElement("script");
    script.addEventListener("load", () => done(/** @type {any} */ (globalThis).protomapsL));
    script.addEventListener("error", () => { library = null; failed(new Error(`${SCRIPT} could not be read`)); });
    script.src = SCRIPT;
    document.head.append(script);
  });
  return library;
}

/** So that a later near view need not wait for it: what is live comes first. */
export function foreseeProtomaps() {
  whenIdle(() => void protomaps().catch(() => {}));
}
