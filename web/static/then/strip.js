/** The strip below the map: one button while the screen is live, else the chart, the slider and what moves it. */

import { said, whenSaid } from "../address.js";
import { byId, el } from "../dom.js";
import { longDay, timeWithSeconds } from "../format.js";
import { whenTheme } from "../palette.js";
import { language, t } from "../strings.js";
import { drawChart, timeAt } from "./chart.js";
import { goLive, goTo, iso, moment, whenMoment } from "./moment.js";
import { PACES, pace, play } from "./player.js";
import { SPANS_H, askPresent, jump, readTrack, span, spanOf } from "./track.js";

const STEPS_S = [-3600, -600, -60, 60, 600, 3600];
const BACK_MS = 600_000; // where looking back begins
const FRAMES = 12;

/** @type {Record<string, any>} */ const parts = {};
/** @type {number | null} */ let pointed = null;

/** Draw it, and keep it up to date. */
export function startStrip() {
  const strip = byId("then");
  strip.setAttribute("aria-label", t("then.part"));
  strip.append(closed(), opened());
  strip.addEventListener("keydown", (event) => { if (pressed(event)) event.preventDefault(); });
  whenMoment(draw);
  whenSaid(["pace"], draw);
  whenSaid(["in"], () => void readAgain());
  whenTheme(redraw);
  document.fonts.addEventListener("loadingdone", redraw); // letters on canvas do not wait for their font
  new ResizeObserver(redraw).observe(parts.chart);
  draw();
}

function closed() {
  parts.closed = el("div", { class: "then-closed" },
    el("button", { type: "button", id: "then-look", onclick: lookBack }, "◀◀ ", t("then.look")), el("small", {}, t("then.lookNote")));
  return parts.closed;
}

function opened() {
  parts.chart = el("canvas", { class: "then-chart", role: "img", "aria-label": t("then.chart") });
  parts.chart.addEventListener("pointermove", (/** @type {PointerEvent} */ event) => point(event.offsetX));
  parts.chart.addEventListener("pointerleave", () => point(null));
  parts.chart.addEventListener("click", (/** @type {MouseEvent} */ event) => void goTo(timeAt(parts.chart, event.offsetX)));
  parts.slider = el("input", { type: "range", class: "then-slider", step: 1, "aria-label": t("then.slider"),
    oninput: () => void goTo(Number(parts.slider.value) * 1000) });
  parts.opened = el("div", { class: "then-opened" }, parts.chart, parts.slider, hands());
  return parts.opened;
}

function hands() {
  parts.play = el("button", { type: "button", class: "then-play", onclick: () => play(pace() ? 0 : Number(parts.pace.value)) });
  parts.pace = choice("then.pace", PACES, 60, (value) => { if (pace()) play(value); });
  parts.span = choice("then.span", SPANS_H, 24, (value) => { spanOf(moment.ms ?? span.present, value); void readAgain(); });
  parts.exact = el("input", { class: "then-exact", maxlength: 19, placeholder: "2026-01-31 08:00:00", "aria-label": t("then.exact"), title: t("then.exact"), onchange: () => exact(parts.exact.value) });
  parts.report = el("a", { class: "then-report", target: "_blank", rel: "noopener" }, t("then.report"));
  parts.told = el("p", { class: "then-told", role: "status" });
  const step = (/** @type {number} */ s) => button(t(`then.step.${s}`), () => move(s));
  return el("div", { class: "then-hands" },
    parts.play, parts.pace,
    el("span", { class: "then-steps" }, button("|◀", () => event(-1), t("then.previous")), ...STEPS_S.map(step), button("▶|", () => event(1), t("then.next"))),
    parts.exact, parts.span, parts.told, parts.report,
    el("button", { type: "button", id: "then-live", onclick: goLive }, t("then.live")));
}

/** @param {string} text @param {() => void} act @param {string} [label] */
const button = (text, act, label) => el("button", { type: "button", "aria-label": label, title: label, onclick: act }, text);

/** @param {string} name @param {number[]} values @param {number} first @param {(value: number) => void} act */
function choice(name, values, first, act) {
  const list = /** @type {HTMLSelectElement} */ (el("select", { "aria-label": t(name) },
    ...values.map((value) => el("option", { value, selected: value === first ? "" : null }, t(`${name}.${value}`)))));
  list.addEventListener("change", () => act(Number(list.value)));
  return list;
}

async function lookBack() {
  const present = await askPresent();
  if (present) void goTo(present - BACK_MS, { quiet: false });
  parts.slider.focus();
}

/** @param {number} seconds */
function move(seconds) {
  if (moment.ms !== null) void goTo(Math.min(moment.ms + seconds * 1000, span.present || Infinity));
}

/** @param {1 | -1} way */
function event(way) {
  const found = moment.ms === null ? null : jump(moment.ms, way);
  if (found !== null) void goTo(found);
}

/** @param {string} value of the field, in Beijing time */
function exact(value) {
  const ms = Date.parse(`${value.trim().replace(/[ T]+/, "T")}+08:00`);
  if (Number.isNaN(ms)) drawHands(/** @type {number} */ (moment.ms), true);
  else void goTo(ms);
}

/** @param {KeyboardEvent} key @returns {boolean} whether it was for us */
function pressed(key) {
  if (moment.ms === null || ["SELECT"].includes(/** @type {HTMLElement} */ (key.target).tagName) || key.target === parts.exact) return false;
  const way = { ArrowLeft: -1, ArrowRight: 1 }[key.key];
  if (way) move(way * (key.ctrlKey || key.altKey ? 3600 : key.shiftKey ? 600 : 60));
  else if (key.key === " " && key.target === parts.slider) play(pace() ? 0 : Number(parts.pace.value));
  else if (key.key === "n" || key.key === "p") event(key.key === "n" ? 1 : -1);
  else if (key.key === "Escape") goLive();
  else return false;
  return true;
}

/** @param {number | null} left px */
function point(left) {
  pointed = left === null ? null : timeAt(parts.chart, left);
  redraw();
}

function redraw() {
  if (moment.ms !== null && span.to) drawChart(parts.chart, moment.ms, pointed);
}

function draw() {
  const past = moment.ms !== null;
  parts.closed.hidden = past;
  parts.opened.hidden = !past;
  if (!past) { span.track = null; Object.assign(span, { from: 0, to: 0 }); return; }
  const ms = /** @type {number} */ (moment.ms);
  if (ms < span.from || ms > span.to) void newSpan(ms);
  drawHands(ms);
  redraw();
}

/** @param {number} ms @param {boolean} [again] also what is being typed: it is no time */
function drawHands(ms, again = false) {
  const [going, told] = [pace(), moment.fault && t("then.failed", { why: moment.fault })];
  parts.play.textContent = going ? `❚❚ ${t("then.pause")}` : `▶ ${t("then.play")}`;
  parts.play.setAttribute("aria-pressed", String(Boolean(going)));
  if (going) parts.pace.value = String(going);
  parts.slider.min = Math.floor(span.from / 1000);
  parts.slider.max = Math.floor(span.to / 1000);
  parts.slider.value = Math.floor(ms / 1000);
  parts.slider.setAttribute("aria-valuetext", `${longDay(ms)} ${timeWithSeconds(ms)}`);
  if (again || document.activeElement !== parts.exact) parts.exact.value = iso(ms).slice(0, 19).replace("T", " ");
  parts.span.value = String(span.hours);
  parts.told.textContent = told || span.fault;
  const asked = new URLSearchParams({ from: iso(span.from), to: iso(span.to), frames: String(FRAMES), lang: language });
  if (said("in")) asked.set("in", said("in"));
  parts.report.setAttribute("href", `/then/report?${asked}`);
}

let asking = false;

/** Another stretch of time, for a moment that the chart has not. @param {number} ms */
async function newSpan(ms) {
  if (asking) return;
  asking = true;
  if (!span.present || ms > span.present) await askPresent();
  asking = false;
  if (!span.present || moment.ms === null) return;
  spanOf(moment.ms);
  await readAgain();
}

async function readAgain() {
  if (moment.ms === null || !span.to) return;
  drawHands(moment.ms);
  if (await readTrack()) { drawHands(moment.ms ?? 0); redraw(); }
}
