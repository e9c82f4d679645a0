/** Colours of what is drawn on canvas: the sheet's custom properties, read anew when the theme changes. */

/** @type {Map<string, string>} */
const read = new Map();

/** @param {string} name of a custom property, without the dashes @returns {string} */
export function ink(name) {
  if (!read.has(name)) read.set(name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim());
  return /** @type {string} */ (read.get(name));
}

/** Call `draw` when the colours are others. @param {() => void} draw */
export function whenInked(draw) {
  addEventListener("shijing-theme", () => { read.clear(); draw(); });
}
