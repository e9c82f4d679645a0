/** A line of figures of today for a wall: it reads its own division from the address and renders into the node given. */

import { said, whenSaid } from "../address.js";
import { el } from "../dom.js";
import { count } from "../format.js";
import { badge, LEVELS } from "../levels.js";
import { t } from "../strings.js";
import { percent, took } from "./saying.js";
import "./strings.js";

const EVERY_MS = 30_000;

/**
 * Starts it; the figures are asked for again every half minute, and when the division changes. In the past (`at`) it
 * hides itself: its figures are those of today.
 * @param {HTMLElement} node
 */
export function startFigures(node) {
  node.classList.add("figures-strip");
  node.setAttribute("aria-label", t("figures.strip"));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let next;
  let asked = 0;
  const read = async () => {
    clearTimeout(next);
    const mine = ++asked;
    node.hidden = Boolean(said("at"));
    if (!node.hidden) {
      const where = said("in") ? `?in=${encodeURIComponent(said("in"))}` : "";
      const answer = await fetch(`/api/figures/strip${where}`).catch(() => null);
      const told = answer?.ok ? await answer.json().catch(() => null) : null;
      if (mine !== asked) return; // the division has changed meanwhile
      node.dataset.stale = String(told === null);
      if (told !== null) node.replaceChildren(...parts(told));
      else if (!node.childElementCount) node.replaceChildren(el("small", {}, t("figures.stripStale")));
    }
    next = setTimeout(read, EVERY_MS);
  };
  whenSaid(["in", "at"], read);
  void read();
}

/** @param {any} told */
function parts(told) {
  const found = [
    part("tileOnline", percent(told.sensors - told.silent, told.sensors)),
    part("stripAlerts", el("span", { class: "figure-levels" }, ...LEVELS.map((level) => el("span", {}, badge(level), ` ${count(told.alerts[level] ?? 0)}`)))),
    part("stripAck", took(told.acknowledged_s), t("figures.stripMedian")),
  ];
  if (told.reported !== null) found.push(part("stripClosure", `${count(told.closed)}/${count(told.reported)}`, percent(told.closed, told.reported)));
  return found;
}

/** @param {string} key @param {Node | string} value @param {string} [note] */
function part(key, value, note = "") {
  return el("div", { class: "strip-part" }, el("small", {}, t(`figures.${key}`)), el("b", {}, value), note ? el("small", {}, note) : null);
}
