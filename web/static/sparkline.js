/** A station's last readings as a line, with its levels across it; our own SVG. */

import { svg } from "./dom.js";
import { dayAndTime, measured } from "./format.js";
import { LEVEL_OF_THRESHOLD } from "./levels.js";
import { language } from "./strings.js";

const [WIDTH, HEIGHT] = [416, 156];
const PAD = { left: 8, right: language === "en" ? 100 : 84, top: 12, bottom: 26 };

/**
 * @param {number[]} times ms, ascending
 * @param {number[]} values
 * @param {Array<{key: string, name: string, value: number}>} levels
 * @param {string} unit
 */
export function sparkline(times, values, levels, unit) {
  const picture = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img" });
  if (!times.length) return picture;
  const shown = levels.filter(({ value }) => near(value, values));
  const [low, high] = range([...values, ...shown.map(({ value }) => value)]);
  const span = Math.max(1, times[times.length - 1] - times[0]);
  const x = (/** @type {number} */ time) => PAD.left + ((time - times[0]) / span) * (WIDTH - PAD.left - PAD.right);
  const y = (/** @type {number} */ value) => HEIGHT - PAD.bottom - ((value - low) / (high - low)) * (HEIGHT - PAD.top - PAD.bottom);
  const names = apart(shown.map(({ value }) => y(value)));
  picture.append(...shown.map((level, i) => threshold(level, y(level.value), names[i])));
  const points = times.map((time, i) => `${x(time).toFixed(1)},${y(values[i]).toFixed(1)}`);
  const floor = HEIGHT - PAD.bottom;
  picture.append(
    svg("polygon", { class: "spark-area", points: `${x(times[0])},${floor} ${points.join(" ")} ${x(times[times.length - 1])},${floor}` }),
    svg("polyline", { class: "spark-line", points: points.join(" ") }),
    svg("circle", { class: "spark-now", r: 5, cx: x(times[times.length - 1]), cy: y(values[values.length - 1]) }),
    svg("text", { class: "spark-time", x: PAD.left, y: HEIGHT - 6 }, dayAndTime(times[0])),
    svg("text", { class: "spark-time spark-end", x: WIDTH - PAD.right, y: HEIGHT - 6 }, dayAndTime(times[times.length - 1])),
    svg("title", {}, `${measured(Math.min(...values), unit)} – ${measured(Math.max(...values), unit)} ${unit}`));
  return picture;
}

/** @param {{key: string, name: string, value: number}} level @param {number} y @param {number} nameY */
function threshold({ key, name }, y, nameY) {
  return svg("g", { class: `spark-level level-${LEVEL_OF_THRESHOLD[key] ?? "none"}` },
    svg("line", { x1: PAD.left, x2: WIDTH - PAD.right, y1: y, y2: y }),
    svg("text", { x: WIDTH - PAD.right + 8, y: nameY + 6 }, name));
}

/** Names of neighbouring levels would cover each other: each at least a line above the one below. @param {number[]} ys descending */
function apart(ys) {
  /** @type {number[]} */ const placed = [];
  for (const y of ys) placed.push(Math.min(y, (placed.at(-1) ?? Infinity) - 20));
  return placed;
}

/** A level far out of what was measured would flatten the line. @param {number} level @param {number[]} values */
function near(level, values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const reach = Math.max(4, 1.5 * (high - low));
  return level > low - reach && level < high + reach;
}

/** @param {number[]} values @returns {[number, number]} */
function range(values) {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const air = Math.max(0.25, (high - low) * 0.08);
  return [low - air, high + air];
}
