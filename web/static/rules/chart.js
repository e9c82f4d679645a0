/** How many alerts stood open at once over the time of a trial, by level: one lane for each side. */

import { el, svg } from "../dom.js";
import { count, dayAndTime } from "../format.js";
import { LEVELS } from "../levels.js";
import { t } from "./strings.js";

const WIDTH = 960;
const HEIGHT = 72;

/** @param {any} told the report of a trial */
export function chart(told) {
  const sides = [[t("nowSide"), told.in_force], [t("draftSide"), told.draft]];
  const highest = Math.max(1, ...sides.map(([, side]) => most(side)));
  const [begin, end] = [Date.parse(told.begin), Date.parse(told.end)];
  const times = [0, 0.25, 0.5, 0.75, 1].map((part) => el("span", {}, dayAndTime(begin + part * (end - begin))));
  return el(
    "figure",
    { class: "chart" },
    el("figcaption", {}, t("openAtOnce")),
    ...sides.map(([name, side]) => el("div", { class: "chart-lane" }, el("p", {}, name, el("small", {}, ` ${t("most", { n: count(most(side)) })}`)), lane(side.bins, highest))),
    el("div", { class: "chart-times" }, ...times),
  );
}

/** @param {any} side */
const most = (side) => Math.max(...sums(side.bins));

/** @param {Record<string, number[]>} bins */
const sums = (bins) => bins.red.map((_, at) => LEVELS.reduce((sum, level) => sum + bins[level][at], 0));

/** The gravest lie at the bottom. @param {Record<string, number[]>} bins @param {number} highest */
function lane(bins, highest) {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", class: "chart-area", role: "img", "aria-label": t("openAtOnce") });
  const floor = bins.red.map(() => 0);
  for (const level of LEVELS) {
    const top = bins[level].map((n, at) => floor[at] + n);
    picture.append(svg("path", { class: `level-${level}`, d: band(floor, top, highest) }));
    top.forEach((n, at) => { floor[at] = n; });
  }
  return picture;
}

/** @param {number[]} floor @param {number[]} top @param {number} highest */
function band(floor, top, highest) {
  const step = WIDTH / top.length;
  const y = (/** @type {number} */ n) => (HEIGHT - (n / highest) * HEIGHT).toFixed(2);
  return top
    .map((n, at) => (n > floor[at] ? `M${(at * step).toFixed(2)} ${y(floor[at])}V${y(n)}h${step.toFixed(2)}V${y(floor[at])}Z` : ""))
    .join("");
}
