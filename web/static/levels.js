/** Alert levels: a colour, a shape and a word for each, so that none rests on colour alone. */

import { el, svg } from "./dom.js";
import { colour } from "./palette.js";
import { t } from "./strings.js";

/** @typedef {"blue" | "yellow" | "orange" | "red"} Level */

/** Worst first. @type {Level[]} */
export const LEVELS = ["red", "orange", "yellow", "blue"];

/** Colours of canvas drawing: those of the style sheet, by the theme. @type {Record<Level, string>} */
export const COLOURS = {
  get red() { return colour("--red"); },
  get orange() { return colour("--orange"); },
  get yellow() { return colour("--yellow"); },
  get blue() { return colour("--blue"); },
};

/** Which level a station's own threshold stands for, where the rule is the river's. @type {Record<string, Level>} */
export const LEVEL_OF_THRESHOLD = { warning: "yellow", guarantee: "orange", highest: "red" };

// In a box of 24 by 24: octagon, diamond, triangle, disc.
const SHAPES = {
  red: "M8 1.5h8L22.5 8v8L16 22.5H8L1.5 16V8Z",
  orange: "M12 .8 23.2 12 12 23.2.8 12Z",
  yellow: "M12 1.6 23.4 22H.6Z",
  blue: "M12 2a10 10 0 1 1 0 20 10 10 0 1 1 0-20Z",
};

/** @param {Level} level @returns {number} 0 is the worst */
export const rank = (level) => LEVELS.indexOf(level);

/**
 * The shape of a level, or of a station at rest ("normal") or without readings ("silent").
 * @param {Level | "normal" | "silent"} level
 */
export function shape(level) {
  const picture = svg("svg", { viewBox: "0 0 24 24", class: `shape shape-${level}`, "aria-hidden": "true" });
  if (level in SHAPES) picture.append(svg("path", { d: SHAPES[level] }));
  else if (level === "normal") picture.append(svg("circle", { cx: 12, cy: 12, r: 8 }));
  else picture.append(svg("circle", { cx: 12, cy: 12, r: 7, "stroke-dasharray": "4 3" }));
  return picture;
}

/** Shape and word. @param {Level} level */
export function badge(level) {
  return el("span", { class: `badge level-${level}` }, shape(level), el("b", {}, t(`level.${level}`)));
}

/** An arrow for where a value is going. @param {number | null} previous @param {number} value */
export function trend(previous, value) {
  const way = previous === null || previous === value ? "steady" : value > previous ? "rising" : "falling";
  const d = { rising: "M5 19 19 5M9 5h10v10", falling: "M5 5 19 19M9 19h10V9", steady: "M3 12h18M14 5l7 7-7 7" }[way];
  return svg("svg", { viewBox: "0 0 24 24", class: `trend trend-${way}`, role: "img", "aria-label": t(way) }, svg("path", { d }));
}
