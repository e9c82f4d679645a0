/** What a commander reads in two seconds: all is well, or how bad it is; and where the map is blind. */

import { said } from "./address.js";
import { byId, el, svg } from "./dom.js";
import { count } from "./format.js";
import { LEVELS, shape } from "./levels.js";
import { blindSpots } from "./now/blind.js";
import { whenTold } from "./now/told.js";
import { tourButton } from "./now/tour_button.js";
import { store, when, whenAny } from "./store.js";
import { t } from "./strings.js";

/** Keep verdict and books up to date. */
export function drawVerdict() {
  let late = 0;
  whenAny(["board", "stations"], draw);
  when("values", () => { late ||= window.setTimeout(() => { late = 0; draw(); }, 1_000); });
  whenTold(draw);
}

function draw() {
  if (!store.board) return;
  const { alerts } = store.board;
  byId("verdict").replaceChildren(...(alerts.length ? tallies(alerts) : heard() ? well() : blind()));
  byId("verdict").className = `verdict ${alerts.length ? `level-${alerts[0].level}` : heard() ? "well" : "blind"}`;
  byId("books").replaceChildren(...books(store.board.counts));
}

/** Whether the stations at hand are all that there are: none is out of view, or left out for they are too many. */
const allAtHand = () => store.shown === "all" && !said("in");

/** The verdict is on everything, so it must not hang on the stations of what happens to be in view. */
const heard = () => (allAtHand() ? store.values.size > 0 : (store.board?.counts.readings ?? 0) > 0);

/** @param {import("./store.js").Alert[]} alerts */
function tallies(alerts) {
  const of = (/** @type {string} */ level) => alerts.filter((alert) => alert.level === level).length;
  return [el("div", { class: `tallies ${LEVELS.some((level) => of(level) > 99) ? "many" : ""}` }, ...LEVELS.map((level) =>
    el("div", { class: `tally level-${level} ${of(level) ? "" : "empty"}` },
      el("span", { class: "tally-word" }, shape(level), t(`level.${level}`)),
      el("b", {}, count(of(level))))))];
}

function well() {
  const tick = svg("svg", { viewBox: "0 0 24 24", class: "tick", "aria-hidden": "true" }, svg("path", { d: "M4 12.5 10 18 20 6.5" }));
  return [el("div", { class: "well-line" }, tick, el("div", {}, el("h2", {}, t("allWell")), el("p", {}, t("allWellNote"))), tourButton),
    blindSpots()];
}

function blind() {
  return [el("div", { class: "well-line" }, el("div", {}, el("h2", {}, t("noReadings")), el("p", {}, t("noReadingsNote"))), tourButton)];
}

/** @param {import("./store.js").Counts} counts */
function books(counts) {
  const { townships, townships_located: located, sensors, readings, late, quarantined } = counts;
  return [
    el("dl", { class: "figures" },
      ...figure(t("townships"), townships, t("townshipsLocated", { n: count(located) }), located < townships),
      ...figure(t("sensors"), sensors, allAtHand() ? t("sensorsReporting", { n: count(store.values.size) }) : ""),
      ...figure(t("readings"), readings, t("readingsLate", { n: count(late) })),
      ...figure(t("quarantined"), quarantined, quarantined ? t("quarantinedNote") : t("quarantinedNone"), quarantined > 0)),
    unlocated(),
  ];
}

/** @param {string} name @param {number} value @param {string} note @param {boolean} [lacking] something a person should know */
function figure(name, value, note, lacking = false) {
  return [el("div", { class: `figure ${lacking ? "lacking" : ""}` }, el("dt", {}, name), el("dd", {}, el("b", {}, count(value)), el("small", {}, note)))];
}

/** Sensors that belong to no township are named, not guessed at. */
function unlocated() {
  const lost = [...store.stations.values()].filter((station) => station.township_id === null);
  if (!lost.length) return "";
  return el("div", { class: "unlocated" },
    el("h3", {}, t("unlocatedSensors", { n: lost.length })),
    el("ul", {}, ...lost.map((station) => el("li", {},
      station.label || station.name, el("small", {}, t(station.lon === null ? "noPlace" : "outside"))))));
}
