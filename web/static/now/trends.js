/** Small charts of the sensors in view that are over or nearest to a threshold; each goes on as readings come. */

import "./strings.js";
import { said, say } from "../address.js";
import { el } from "../dom.js";
import { dayAndTime, measured, shortDay, timeOfDay } from "../format.js";
import { whenIdle } from "../idle.js";
import { shape } from "../levels.js";
import { colour, whenTheme } from "../palette.js";
import { alertOf, store, when } from "../store.js";
import { t, word } from "../strings.js";
import { nearest } from "./nearest.js";
import { fetched } from "./told.js";

/** @typedef {import("./nearest.js").Near} Near */
/** @typedef {{near: Near, node: HTMLElement, plot: any, times: number[], values: number[]}} Chart times: s */

const MOST = 6;
const HEIGHT = 64;
const READINGS = 240; // of a chart
const KEPT = 500; // the sum at its beginning is of readings before it
const CHOOSE_MS = 5_000;
const SETTLE_MS = 300;

/** @type {Map<number, Chart>} */ const charts = new Map();
const grid = el("div", { class: "trend-grid" });
export const trends = el("section", { class: "trends" },
  el("h2", { class: "heading" }, t("now.trends"), el("small", {}, t("now.trendsNote"))), grid);
let chosenAt = -Infinity;
let later = 0;
let settling = 0;

/** Keep them up to date. */
export function startTrends() {
  when("stations", soon);
  when("board", () => choose(false));
  when("values", (changed) => (changed ? changed.forEach(add) : soon()));
  whenTheme(() => { for (const { plot } of charts.values()) plot?.redraw(false); });
  new ResizeObserver(() => { for (const chart of charts.values()) fit(chart); }).observe(grid);
}

/** Others are in view: not before the map is drawn, and not for each view that somebody only passes through. */
function soon() {
  clearTimeout(settling);
  settling = window.setTimeout(() => whenIdle(() => choose(true)), SETTLE_MS);
}

/** Those that stay are not drawn anew. @param {boolean} at_once */
function choose(at_once) {
  if (!at_once && performance.now() - chosenAt < CHOOSE_MS) {
    later ||= window.setTimeout(() => { later = 0; choose(true); }, CHOOSE_MS);
    return;
  }
  chosenAt = performance.now();
  const found = nearest(MOST);
  const wanted = new Set(found.map(({ station }) => station.id));
  for (const [id, { plot, node }] of charts) if (!wanted.has(id)) { plot?.destroy(); node.remove(); charts.delete(id); }
  for (const near of found) charts.has(near.station.id) ? head(/** @type {Chart} */ (charts.get(near.station.id))) : void begin(near);
  for (const { station } of found) grid.append(/** @type {Chart} */ (charts.get(station.id)).node);
  trends.hidden = found.length === 0;
}

/** What draws the charts: not before there is one to draw. @returns {Promise<any>} null where it cannot be had */
const library = () => import("/vendor/uplot/uPlot.js").then((read) => read.default, () => null);

/** @param {Near} near */
async function begin(near) {
  const { id } = near.station;
  const node = el("button", { type: "button", class: "trend-card", "data-trend": id, onclick: () => say({ sensor: id }) }, 
    el("span", { class: "trend-head" }), el("span", { class: "trend-plot" }), el("span", { class: "trend-foot" }));
  /** @type {Chart} */ const chart = { near, node, plot: null, times: [], values: [] };
  charts.set(id, chart);
  head(chart);
  const [plotter, series] = await Promise.all([library(), fetched(`/api/sensors/${id}/series${said("at") ? `?at=${encodeURIComponent(said("at"))}` : ""}`)]);
  if (!plotter || !series || charts.get(id) !== chart) return;
  const later_ones = chart.times.map((time, i) => [time, chart.values[i]]).filter(([time]) => time > Date.parse(series.times.at(-1) ?? 0) / 1000);
  chart.times = [...series.times.map((/** @type {string} */ time) => Date.parse(time) / 1000), ...later_ones.map(([time]) => time)];
  chart.values = [...series.values, ...later_ones.map(([, value]) => value)];
  chart.plot = new plotter(options(chart), drawn(chart), node.querySelector(".trend-plot"));
  fit(chart);
  head(chart);
}

/** A reading of a sensor that has a chart. @param {import("../store.js").LastValue} last */
function add(last) {
  const chart = charts.get(last.id);
  if (!chart) return;
  const time = Date.parse(last.time) / 1000;
  if (time <= (chart.times.at(-1) ?? -Infinity)) return;
  chart.times.push(time);
  chart.values.push(last.value);
  if (chart.times.length > KEPT) { chart.times.shift(); chart.values.shift(); }
  chart.plot?.setData(drawn(chart));
  head(chart);
}

/** What the chart shows: the readings, or their sum over the hours that the thresholds are of. @param {Chart} chart */
function drawn({ near: { bands }, times, values }) {
  const hours = bands[0]?.sum_h ?? null;
  return [times.slice(-READINGS), (hours === null ? values : sums(times, values, hours * 3600)).slice(-READINGS)];
}

/** At each reading, what fell in the span that ends with it. @param {number[]} times s @param {number[]} values @param {number} span s */
function sums(times, values, span) {
  let [from, sum] = [0, 0];
  return values.map((value, i) => {
    sum += value;
    while (times[from] <= times[i] - span) sum -= values[from++];
    return Math.max(0, sum);
  });
}

/** Its name and last value, in the colour of its alert. @param {Chart} chart */
function head(chart) {
  const { near: { station, bands }, node, times } = chart;
  const hours = bands[0]?.sum_h ?? null;
  const last = hours === null ? store.values.get(station.id)?.value : drawn(chart)[1].at(-1);
  const level = alertOf(station.id)?.level;
  node.className = `trend-card ${level ? `level-${level}` : ""}`;
  node.title = [word("quantity", station.quantity), station.district, station.township].filter(Boolean).join(" ");
  if (times.length) node.querySelector(".trend-foot")?.replaceChildren(...span(times).map((one) => el("span", {}, one)));
  node.querySelector(".trend-head")?.replaceChildren(
    level ? shape(level) : "", el("b", {}, station.label || station.name),
    last !== undefined ? el("span", { class: "trend-value" }, measured(last, station.unit), el("i", {}, hours === null ? station.unit : `${station.unit} / ${hours} h`)) : "");
}

/** From when to when; of several days, the day that it begins with. @param {number[]} times s */
function span(times) {
  const [from, to] = [times[0] * 1000, times[times.length - 1] * 1000];
  return to - from > 86_400_000 ? [shortDay(from), dayAndTime(to)] : [timeOfDay(from), timeOfDay(to)];
}

/** @param {Chart} chart */
function fit({ plot, node }) {
  const width = /** @type {HTMLElement} */ (node.querySelector(".trend-plot")).clientWidth;
  if (plot && width && plot.width !== width) plot.setSize({ width, height: HEIGHT });
}

/** @param {Chart} chart */
function options({ near: { bands } }) {
  return {
    width: 160, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [4, 2, 2, 2],
    scales: { y: { range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => range(low, high, bands) } },
    axes: [{ show: false }, { show: false }],
    series: [{}, { stroke: () => colour("--text"), width: 2, points: { show: false } }],
    hooks: { drawClear: [(/** @type {any} */ plot) => drawBands(plot, bands)] },
  };
}

/** What was measured, and the thresholds that are not far from it. @param {number} low @param {number} high @param {import("./nearest.js").Band[]} bands @returns {[number, number]} */
function range(low, high, bands) {
  const reach = Math.max(0.5, 1.2 * (high - low));
  const near = bands.map(({ value }) => value).filter((value) => value > low - reach && value < high + reach);
  const [from, to] = [Math.min(low, ...near), Math.max(high, ...near)];
  const air = Math.max(0.1, (to - from) * 0.1);
  return [from - air, to + air];
}

/** The ground above each threshold in its level's colour, and its line. @param {any} plot @param {import("./nearest.js").Band[]} bands */
function drawBands(plot, bands) {
  const { ctx, bbox } = plot;
  const y = (/** @type {number} */ value) => Math.max(bbox.top, Math.min(bbox.top + bbox.height, plot.valToPos(value, "y", true)));
  ctx.save();
  bands.forEach(({ level, value }, i) => {
    const [bottom, top] = [y(value), i + 1 < bands.length ? y(bands[i + 1].value) : bbox.top];
    ctx.fillStyle = level === "none" ? colour("--soft") : colour(`--${level}`);
    ctx.globalAlpha = 0.3;
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
    ctx.globalAlpha = 0.9;
    if (bottom > bbox.top && bottom < bbox.top + bbox.height) ctx.fillRect(bbox.left, bottom - 1, bbox.width, 2);
  });
  ctx.restore();
}
