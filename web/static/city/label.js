/** The label of a station: its parts, and how large it will be, so that only those that find a place need be drawn. */

import { map } from "../citymap.js";
import { el, svg } from "../dom.js";

/** @typedef {{width: number, height: number, fonts: string[], texts: number[]}} Sample px; `texts`: the width of each text in it */

const TEXT = "0";

/** By look and number of texts: a label that was drawn once, to learn what is around its texts. @type {Map<string, Sample>} */
const samples = new Map();
/** @type {Map<string, number>} */
const widths = new Map();
const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));

/** Fonts or sizes are others: nothing is known any more. */
export function forgetSizes() {
  samples.clear();
  widths.clear();
}

/** What a label is made of. @param {string} name @param {[string, Node]} [value] and the arrow of its trend @returns {Node[]} */
export function parts(name, value) {
  const told = el("span", { class: "tag-name" }, name);
  return value ? [told, el("span", { class: "tag-value" }, value[0]), value[1]] : [told];
}

/** @param {string} look a class @param {string[]} texts name, and value where there is one @returns {{width: number, height: number}} px */
export function sizeOfLabel(look, texts) {
  const sample = sampleOf(look, texts.length);
  const more = texts.reduce((sum, text, i) => sum + widthOf(text, sample.fonts[i]) - sample.texts[i], 0);
  return { width: Math.ceil(sample.width + more), height: sample.height };
}

/** @param {string} look @param {number} texts */
function sampleOf(look, texts) {
  const key = `${look} ${texts}`;
  let known = samples.get(key);
  if (!known) samples.set(key, (known = drawSample(look, texts)));
  return known;
}

/** @param {string} look @param {number} texts @returns {Sample} */
function drawSample(look, texts) {
  const arrow = svg("svg", { class: "trend" });
  const tag = el("span", { class: "tag" }, ...parts(TEXT, texts > 1 ? [TEXT, arrow] : undefined));
  const sign = el("div", { class: `station bare ${look}` }, tag);
  map.getPane("stations").append(sign);
  const { width, height } = tag.getBoundingClientRect();
  const fonts = [...tag.querySelectorAll("span")].map(fontOf);
  sign.remove();
  return { width, height, fonts, texts: fonts.map((font) => widthOf(TEXT, font)) };
}

/** Without figures of one width, of which a canvas knows nothing; ours have it anyway. @param {Element} node */
function fontOf(node) {
  const { fontWeight, fontSize, fontFamily } = getComputedStyle(node);
  return `${fontWeight} ${fontSize} ${fontFamily}`;
}

/** @param {string} text @param {string} font */
function widthOf(text, font) {
  const key = `${font} ${text}`;
  let known = widths.get(key);
  if (known === undefined) {
    pen.font = font;
    widths.set(key, (known = pen.measureText(text).width));
  }
  return known;
}
