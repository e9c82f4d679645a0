/** The figures that are read first, each against the period before. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { badge, LEVELS } from "../levels.js";
import { t } from "../strings.js";
import { percent, took } from "./saying.js";

/** @param {any} told */
export function tiles(told) {
  const { this: now, before } = told;
  const heard = told.online.at(-1);
  const sumOf = (/** @type {any} */ alerts) => LEVELS.reduce((all, level) => all + (alerts[level] ?? 0), 0);
  const found = [
    tile("tileOnline", heard ? percent(heard.sensors - heard.silent, heard.sensors) : t("figures.none"), heard ? t("figures.tileOnlineNote", { n: count(heard.sensors), silent: count(heard.silent) }) : ""),
    tile("tileAlerts", count(sumOf(now.alerts)), trend(sumOf(now.alerts), sumOf(before.alerts), count), levels(now.alerts)),
    tile("tileAck", took(now.acknowledged_s), trend(now.acknowledged_s, before.acknowledged_s, took)),
  ];
  if (told.tasks) {
    found.push(
      tile("tileAnswered", percent(now.answered, now.called), `${t("figures.tileAnsweredNote", { n: count(now.called) })} · ${trend(rate(now.answered, now.called), rate(before.answered, before.called), (n) => percent(n, 1))}`),
      tile("tileArrive", took(now.on_site_s), trend(now.on_site_s, before.on_site_s, took)),
    );
  }
  if (told.events) {
    found.push(tile("tileClosure", percent(now.closed, now.reported), `${t("figures.tileClosureNote", { n: count(now.reported), grid: percent(now.closed_grid, now.closed) })} · ${trend(rate(now.closed, now.reported), rate(before.closed, before.reported), (n) => percent(n, 1))}`));
  }
  return found;
}

/** @param {number | null} part @param {number | null} whole */
const rate = (part, whole) => (whole ? (part ?? 0) / whole : null);

/** @param {string} key @param {string} value @param {string} note @param {HTMLElement} [more] */
function tile(key, value, note, more) {
  return el("div", { class: "figure-tile", id: `figure-${key}` }, el("span", {}, t(`figures.${key}`)), el("b", {}, value), more, el("small", {}, note));
}

/** What it was before, and which way it went: an arrow, and the value in words. @param {number | null} now @param {number | null} before @param {(n: number) => string} say */
function trend(now, before, say) {
  if (before === null || before === undefined) return t("figures.beforeNone");
  const told = t("figures.before", { value: say(before) });
  if (now === null || now === undefined) return told;
  return `${now > before ? "↑" : now < before ? "↓" : "＝"} ${told}`;
}

/** @param {any} alerts */
function levels(alerts) {
  return el("span", { class: "figure-levels" }, ...LEVELS.map((level) => el("span", {}, badge(level), ` ${count(alerts[level] ?? 0)}`)));
}
