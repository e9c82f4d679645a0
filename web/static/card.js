/** The card of one station: the one that was chosen, else the one that is worst. */

import { said, say, whenSaid } from "./address.js";
import { byId, el } from "./dom.js";
import { dayAndTime, measured } from "./format.js";
import { LEVEL_OF_THRESHOLD, badge, shape, trend } from "./levels.js";
import { alertOf, store, whenAny } from "./store.js";
import { sparkline } from "./sparkline.js";
import { t, word } from "./strings.js";
import { levelsOf, signed } from "./thresholds.js";

/** @type {number | null} */ let closed = null; // the worst one, when a person has put its card away
/** @type {{sensor: number, newest: string, times: number[], values: number[]} | null} */ let series = null;

/** Keep the card up to date. */
export function drawCard() {
  whenAny(["board", "values", "stations"], draw);
  whenSaid(["sensor", "incident"], draw);
}

/** Show a station's card. @param {number} sensor */
export function select(sensor) {
  closed = null;
  say({ sensor });
  draw();
}

function close() {
  closed = worst();
  say({ sensor: null });
  draw();
}

/** The one that the address names. */
const chosen = () => (said("sensor") ? Number(said("sensor")) : null);

/** The sensor of the worst alert that has one. */
const worst = () => store.board?.alerts.find((alert) => alert.sensor_id !== null)?.sensor_id ?? null;

/** @returns {import("./store.js").Station | undefined} */
function shown() {
  const unasked = said("incident") || worst() === closed ? null : worst(); // an incident on the stage has the map
  const sensor = chosen() ?? unasked;
  return sensor === null ? undefined : store.stations.get(sensor);
}

function draw() {
  const station = shown();
  const card = byId("card");
  card.hidden = station === undefined;
  if (!station) return;
  const level = alertOf(station.id)?.level;
  card.className = `card ${level ? `level-${level}` : ""} ${chosen() === null ? "" : "chosen"}`;
  card.replaceChildren(head(station, level), figure(station), chart(station), levelList(station), foot(station));
  void readSeries(station);
}

/** @param {import("./store.js").Station} station @param {import("./levels.js").Level | undefined} level */
function head(station, level) {
  const place = station.township ? `${station.district ?? ""} ${station.township}` : t("unlocated");
  return el("header", {},
    level ? badge(level) : el("span", { class: "badge" }, shape(store.values.has(station.id) ? "normal" : "silent")),
    el("h2", {}, station.label || station.name, el("small", {}, [station.river, place].filter(Boolean).join(" · "))),
    el("button", { type: "button", class: "close", onclick: close, "aria-label": t("close") }, "×"));
}

/** @param {import("./store.js").Station} station */
function figure(station) {
  const last = store.values.get(station.id);
  if (!last) return el("p", { class: "card-figure silent" }, t("legendSilent"));
  return el("p", { class: "card-figure" },
    el("b", {}, measured(last.value, station.unit)), el("i", {}, station.unit), trend(last.previous, last.value),
    el("small", {}, word("quantity", station.quantity), el("br"), t("readAt", { time: dayAndTime(Date.parse(last.time)) })));
}

/** @param {import("./store.js").Station} station */
function chart(station) {
  const mine = series?.sensor === station.id ? series : { times: [], values: [] };
  return el("div", { class: "card-chart" }, sparkline(mine.times, mine.values, levelsOf(station), station.unit));
}

/** @param {import("./store.js").Station} station */
function levelList(station) {
  const value = store.values.get(station.id)?.value;
  return el("ul", { class: "card-levels" }, ...levelsOf(station).reverse().map((level) =>
    el("li", { class: `level-${LEVEL_OF_THRESHOLD[level.key] ?? "none"} ${value !== undefined && value >= level.value ? "passed" : ""}` },
      el("span", {}, level.name), el("b", {}, level.value.toFixed(2)),
      value !== undefined && el("small", {}, signed(level.value, value, station.unit)))));
}

/** @param {import("./store.js").Station} station */
function foot(station) {
  return el("footer", {},
    station.datum && el("span", {}, word("datum", station.datum)),
    station.derived && el("span", {}, t("derivedMark")),
    station.source && el("span", { class: "card-source" }, `${t("source")}: ${station.source}`));
}

/** @param {import("./store.js").Station} station */
async function readSeries(station) {
  const newest = store.values.get(station.id)?.time ?? "";
  if (series?.sensor === station.id && series.newest === newest) return;
  const before = series;
  series = { sensor: station.id, newest, times: before?.sensor === station.id ? before.times : [], values: before?.sensor === station.id ? before.values : [] };
  const answer = await fetch(`/api/sensors/${station.id}/series${said("at") ? `?at=${encodeURIComponent(said("at"))}` : ""}`).catch(() => null);
  if (!answer?.ok || series.sensor !== station.id) return;
  const { times, values } = await answer.json();
  series = { sensor: station.id, newest, times: times.map(Date.parse), values };
  draw();
}
