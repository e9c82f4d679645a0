/** The chart of an event: open alerts by level as stacked steps, plans as a bar below them, the largest values as a line. */

import { dayAndTime, measured, timeOfDay } from "../format.js";
import { LEVELS } from "../levels.js";
import { colour } from "../palette.js";
import { t } from "../strings.js";
import { span } from "./track.js";

const [LEFT, RIGHT, TOP, BOTTOM] = [46, 10, 22, 20]; // px around the plot
const TICKS_H = [1, 2, 3, 6, 12, 24, 48, 120];
const HOUR_MS = 3_600_000;
const ZONE_MS = 8 * HOUR_MS;

/** @type {{canvas: HTMLCanvasElement, pen: CanvasRenderingContext2D, width: number, height: number} | null} */ let plot = null;

/** @param {HTMLCanvasElement} canvas @param {number | null} at @param {number | null} [pointed] where the pointer is */
export function drawChart(canvas, at, pointed = null) {
  const pen = canvas.getContext("2d");
  const { clientWidth: width, clientHeight: height } = canvas;
  if (pen === null || width === 0) return;
  const scale = devicePixelRatio || 1;
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(height * scale)) canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = `16px ${getComputedStyle(canvas).fontFamily}`;
  plot = { canvas, pen, width, height };
  drawTicks();
  drawLevels();
  drawRuns();
  drawValues();
  drawCursor(at, colour("--text"), 3);
  drawCursor(pointed, colour("--soft"), 1);
  drawWords(pointed);
}

/** Where a time stands, from the left. @param {number} ms */
const x = (ms) => LEFT + ((ms - span.from) / (span.to - span.from)) * (/** @type {any} */ (plot).width - LEFT - RIGHT);

/** The same on a whole pixel: what stands side by side has no seam. @param {number} ms */
const px = (ms) => Math.round(x(ms));

/** Which time stands there. @param {HTMLCanvasElement} canvas @param {number} left px from its edge */
export function timeAt(canvas, left) {
  const share = (left - LEFT) / (canvas.clientWidth - LEFT - RIGHT);
  return span.from + Math.min(Math.max(share, 0), 1) * (span.to - span.from);
}

const floor = () => /** @type {any} */ (plot).height - BOTTOM;

function drawTicks() {
  const { pen, width } = /** @type {NonNullable<typeof plot>} */ (plot);
  const hours = (span.to - span.from) / HOUR_MS;
  const step = (TICKS_H.find((one) => (hours / one) * 96 <= width - LEFT) ?? 240) * HOUR_MS;
  pen.fillStyle = colour("--soft");
  pen.strokeStyle = colour("--line");
  pen.lineWidth = 1;
  pen.textAlign = "center";
  for (let ms = Math.ceil((span.from + ZONE_MS) / step) * step - ZONE_MS; ms <= span.to; ms += step) {
    pen.beginPath();
    pen.moveTo(x(ms), TOP);
    pen.lineTo(x(ms), floor() + 4);
    pen.stroke();
    const midnight = (ms + ZONE_MS) % (24 * HOUR_MS) === 0;
    if (x(ms) > LEFT + 30 && x(ms) < width - 40) pen.fillText(midnight ? dayAndTime(ms).split(" ")[0] : timeOfDay(ms), x(ms), floor() + 18);
  }
  pen.beginPath();
  pen.moveTo(LEFT, floor());
  pen.lineTo(width - RIGHT, floor());
  pen.stroke();
}

const most = () => Math.max(1, ...(span.track?.times ?? []).map((_, n) => LEVELS.reduce((sum, level) => sum + /** @type {any} */ (span.track)[level][n], 0)));

function drawLevels() {
  const { track } = span;
  const { pen } = /** @type {NonNullable<typeof plot>} */ (plot);
  if (!track) return;
  const [times, high] = [track.times.map(Date.parse), most()];
  const y = (/** @type {number} */ n) => Math.round(floor() - (n / high) * (floor() - TOP));
  const base = times.map(() => 0);
  for (const level of LEVELS) { // the gravest at the bottom: it is compared with the axis
    const top = base.map((n, place) => n + track[level][place]);
    pen.fillStyle = colour(`--${level}`);
    times.forEach((ms, place) => {
      const end = times[place + 1] ?? span.to;
      if (top[place] > base[place] && ms < span.to) pen.fillRect(px(ms), y(top[place]), Math.max(px(end) - px(ms), 1), y(base[place]) - y(top[place]));
    });
    top.forEach((n, place) => (base[place] = n));
  }
  pen.fillStyle = colour("--soft");
  pen.textAlign = "right";
  pen.fillText(String(high), LEFT - 8, TOP + 10);
  pen.fillText("0", LEFT - 8, floor() + 4);
}

function drawRuns() {
  const { track } = span;
  const { pen } = /** @type {NonNullable<typeof plot>} */ (plot);
  track?.times.map(Date.parse).forEach((ms, place, times) => {
    pen.fillStyle = colour("--mark");
    if (track.runs[place] > 0 && ms < span.to) pen.fillRect(px(ms), floor() + 1, Math.max(px(times[place + 1] ?? span.to) - px(ms), 1), 4);
  });
}

/** The gravest sensor's course, on a scale of its own. */
function drawValues() {
  const course = span.track?.values[0];
  const known = (course?.values ?? []).filter((value) => value !== null);
  const { pen } = /** @type {NonNullable<typeof plot>} */ (plot);
  if (!course || known.length < 2) return;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (/** @type {number} */ value) => floor() - 3 - ((value - low) / (high - low || 1)) * (floor() - TOP - 8);
  const times = /** @type {any} */ (span.track).times.map(Date.parse);
  pen.beginPath();
  course.values.forEach((value, place) => { if (value !== null) pen.lineTo(x(times[place]), y(value)); });
  for (const [ink, width] of /** @type {const} */ ([["--ground", 5], ["--text", 2]])) {
    pen.strokeStyle = colour(ink);
    pen.lineWidth = width;
    pen.stroke();
  }
}

/** @param {number | null} ms @param {string} ink @param {number} width */
function drawCursor(ms, ink, width) {
  const { pen } = /** @type {NonNullable<typeof plot>} */ (plot);
  if (ms === null || ms < span.from || ms > span.to) return;
  pen.fillStyle = ink;
  pen.fillRect(x(ms) - width / 2, TOP - 6, width, floor() - TOP + 10);
}

/** What is drawn, or what stands under the pointer. @param {number | null} pointed */
function drawWords(pointed) {
  const { pen, width } = /** @type {NonNullable<typeof plot>} */ (plot);
  const { track } = span;
  pen.fillStyle = colour("--text");
  pen.textAlign = "left";
  if (!track) return;
  const calm = most() === 1 && !LEVELS.some((level) => track[level].some(Boolean));
  pen.fillText(pointed === null ? (calm ? t("then.calm") : t("then.chart")) : told(track, pointed), LEFT, 14);
  const course = track.values[0];
  const known = (course?.values ?? []).filter((value) => value !== null);
  if (!course || !known.length) return;
  pen.textAlign = "right";
  pen.fillText(`${course.label} ${measured(Math.min(...known), course.unit)}–${measured(Math.max(...known), course.unit)} ${course.unit}`, width - RIGHT, 14);
}

/** @param {import("./track.js").Track} track @param {number} ms */
function told(track, ms) {
  const place = Math.max(track.times.findLastIndex((time) => Date.parse(time) <= ms), 0);
  const { red, orange, yellow, blue, runs } = track;
  return t("then.chartAt", { time: dayAndTime(ms), red: red[place], orange: orange[place], yellow: yellow[place], blue: blue[place], runs: runs[place] });
}
