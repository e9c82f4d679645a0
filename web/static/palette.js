/** The colours of the style sheet, for what is drawn on canvas; asked anew when the theme changes. */

/** @type {Map<string, string>} */
const read = new Map();

/** The value of a custom property of the page, such as `--river`. @param {string} name */
export function colour(name) {
  let known = read.get(name);
  if (known === undefined) read.set(name, (known = getComputedStyle(document.documentElement).getPropertyValue(name).trim()));
  return known;
}

/** Draw again whenever the theme has changed. @param {() => void} redraw */
export function whenTheme(redraw) {
  addEventListener("shijing-theme", redraw);
}

// Before any other listener: this module is loaded by whoever listens.
addEventListener("shijing-theme", () => read.clear());
