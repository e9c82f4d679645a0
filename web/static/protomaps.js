/** The library that draws vector tiles: a classic script, and one of the largest things on the page. */

const SCRIPT = "/vendor/protomaps-leaflet/protomaps-leaflet.js";
const PATIENCE_MS = 1_000;

/** @type {Promise<any> | null} */ let library = null;

/** Asked for once, by whoever needs it first, and run when the page has a moment: what is live comes first. */
export function protomaps() {
  library ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.addEventListener("load", () => done(/** @type {any} */ (globalThis).protomapsL));
    script.addEventListener("error", () => { library = null; failed(new Error(`${SCRIPT} could not be read`)); });
    script.src = SCRIPT;
    const begin = () => document.head.append(script);
    if (globalThis.requestIdleCallback) requestIdleCallback(begin, { timeout: PATIENCE_MS });
    else begin();
  });
  return library;
}
