/** What the plan has ready: who commands, shelters, routes, resources, whom to tell, what each level means; the alerts. */

import { byId, el } from "../dom.js";
import { badge, LEVELS } from "../levels.js";
import { t, word } from "./strings.js";

const RESPONSES = /** @type {Record<string, "blue" | "yellow" | "orange" | "red">} */ ({ IV: "blue", III: "yellow", II: "orange", I: "red" });

/** @param {any} whole */
export function drawPlan({ plan, alerts, ground, lane }) {
  const grids = (ground?.features ?? []).filter((/** @type {any} */ one) => one.properties.grid).map((/** @type {any} */ one) => one.properties.name);
  const parts = [
    section("alerts", alerts.map((/** @type {any} */ one) => el("li", {}, badge(one.level), ` ${one.label}`, one.value === null ? null : el("small", {}, ` ${one.value} ${one.unit}`)))),
    section("grids", grids.map((/** @type {string} */ name) => el("li", {}, name))),
    section("shelters", (plan.shelters ?? []).map((/** @type {any} */ one) => el("li", {}, t("shelter", { name: one.name, n: one.capacity })))),
    section("routes", (plan.routes ?? []).map((/** @type {any} */ one) => el("li", {}, route(one, plan)))),
    section("resources", (plan.resources ?? []).map((/** @type {any} */ one) => el("li", { class: "chip" }, `${one.item} ${one.count}`)), "chips"),
    section("command", Object.entries(plan.command ?? {}).map(([place, post]) => el("li", {}, el("small", {}, `${word("command", place)} `), String(post)))),
    section("notify", (plan.notify ?? []).map((/** @type {string} */ one) => el("li", { class: "chip" }, one)), "chips"),
    section("levels", levelsOf(plan).map(([level, words]) => el("li", { class: level === lane.run.level ? "is-now" : "" }, badge(level), ` ${words}`))),
  ].filter(Boolean);
  byId("plan").hidden = parts.length === 0;
  byId("plan").replaceChildren(...parts.flat());
}

/** @param {string} title @param {HTMLElement[]} rows @param {string} [kind] */
const section = (title, rows, kind = "") => (rows.length ? [el("h3", {}, t(title)), el("ul", { class: `plain ${kind}` }, ...rows)] : []);

/** @param {any} one @param {any} plan */
function route(one, plan) {
  const shelter = (plan.shelters ?? []).find((/** @type {any} */ there) => there.id === one.to);
  return t("route", { id: one.id, avoid: one.avoid, to: shelter?.name ?? one.to });
}

/** Worst first. @param {any} plan @returns {Array<["blue" | "yellow" | "orange" | "red", string]>} */
function levelsOf(plan) {
  const told = Object.entries(plan.levels ?? {}).map(([level, words]) => /** @type {["red", string]} */ ([RESPONSES[level] ?? level, String(words)]));
  return told.sort(([a], [b]) => LEVELS.indexOf(a) - LEVELS.indexOf(b));
}
