/** The card of a township, village or grid: main figures large, then 人房地事物组织. */

import { said } from "../address.js";
import { byId, el } from "../dom.js";
import { count } from "../format.js";
import { LEVELS, badge } from "../levels.js";
import { t, word } from "../strings.js";
import { dutyList, runList } from "./answers.js";
import { GROUPS, icon, kindName, kinds } from "./kinds.js";
import { isThingShown } from "./thing.js";
import { isKindShown, showKind } from "./things.js";

/**
 * @typedef {{count: number, households: number | null, people: number | null, storeys: number | null, capacity: number | null}} Standing
 * @typedef {{id: number, name: string, level: import("../levels.js").Level, drill: boolean, tasks: number, done: number}} Running
 * @typedef {{post_zh: string, post_en: string, why: string, name: string | null, state: string | null, called_at: string | null}} Duty
 * @typedef {{id: number, level: string, name: string, path: Array<{id: number, name: string}>, area_km2: number | null,
 *   derived: boolean | null, population: number | null, households: number | null, things: Record<string, Standing>,
 *   sensors: number, silent: number, alerts: Partial<Record<import("../levels.js").Level, number>>, runs: Running[],
 *   answers: Record<string, number>, duty: Duty[], in_need: Record<string, number> | null}} Card
 */

const SHOWN = ["township", "village", "grid", "microgrid"];
const AGAIN_MS = 5_000; // a board may come twice a second
const RETRY_MS = 5_000;

/** @type {Card | null} */ let card = null;
let failed = false;
let hidden = ""; // the division whose card a person has put away
let folded = innerWidth < 900;
let readAt = 0;
let due = 0;

/**
 * Read the card of the division in view; its level, where it is one that has a card.
 * @param {{again?: boolean}} [how] again: the same division, where something may have changed
 */
export async function readDivision({ again = false } = {}) {
  const division = said("in");
  if (again && (card === null || String(card.id) !== division)) return null;
  if (again && performance.now() - readAt < AGAIN_MS) return later();
  if (!again) {
    card = null;
    if (hidden !== division) hidden = "";
  }
  readAt = performance.now();
  const answer = /^\d+$/.test(division) ? await fetch(`/api/divisions/${division}/card`).catch(() => null) : undefined;
  if (division !== said("in")) return null;
  failed = answer === null || (answer !== undefined && answer.status >= 500);
  if (failed) setTimeout(() => void readDivision({ again }), RETRY_MS);
  if (answer?.ok) card = await answer.json();
  else if (!failed) card = null;
  if (card !== null && !SHOWN.includes(card.level)) card = null;
  drawDivision();
  return card?.level ?? null;
}

/** Another division is in view; until its card is read, the one that stands there is of the former. */
export function awaitDivision() {
  byId("division-card").ariaBusy = "true";
}

function later() {
  due ||= setTimeout(() => { due = 0; void readDivision({ again: true }); }, AGAIN_MS);
  return card?.level ?? null;
}

/** Draw what was read, unless a thing has the place. */
export function drawDivision() {
  const place = byId("division-card");
  place.ariaBusy = null;
  if (isThingShown()) return;
  place.hidden = card === null || hidden === String(card.id);
  if (card === null || place.hidden) return place.replaceChildren();
  const past = said("at") !== "";
  place.classList.toggle("folded", folded);
  const scrolled = place.querySelector(".scene-body")?.scrollTop ?? 0;
  const goingOn = past ? [] : [section("scene.events", runList(card)), section("scene.duty", dutyList(card))];
  const body = el("div", { class: "scene-body" },
    failed && el("p", { class: "scene-note" }, t("scene.failed")),
    past ? el("p", { class: "scene-note" }, t("scene.past")) : figures(card),
    ...(card.runs.length ? goingOn : []), // while a plan runs, who has answered comes before what stands there
    past ? null : section("scene.people", people(card)),
    ...GROUPS.map((group) => things(/** @type {Card} */ (card), group)),
    Object.keys(card.things).length === 0 && el("p", { class: "scene-note" }, t("scene.nothing")),
    ...(card.runs.length ? [] : goingOn));
  place.replaceChildren(head(card), body, foot(card));
  if (scrolled) body.scrollTop = scrolled; // else the page would be laid out for nothing
}

/** @param {Card} card */
function head(card) {
  const path = card.path.map(({ name }) => name).join(" · ");
  return el("header", {},
    el("span", { class: "scene-level" }, word("scene.level", card.level)),
    el("h2", {}, card.name, el("small", {}, path)),
    el("button", { type: "button", class: "close fold", onclick: fold, "aria-label": t("scene.fold"), "aria-expanded": String(!folded) }, folded ? "▴" : "▾"),
    el("button", { type: "button", class: "close", onclick: hide, "aria-label": t("scene.hide") }, "×"));
}

function fold() {
  folded = !folded;
  drawDivision();
}

function hide() {
  hidden = said("in");
  drawDivision();
}

/** @param {Card} card */
function figures(card) {
  const open = Object.values(card.alerts).reduce((sum, n) => sum + n, 0);
  const worst = LEVELS.find((level) => card.alerts[level]);
  const need = card.in_need && Object.values(card.in_need).reduce((sum, n) => sum + n, 0);
  const called = card.duty.filter(({ state }) => state !== null);
  const answered = called.filter(({ state }) => ["acknowledged", "on_site", "done"].includes(String(state)));
  return el("dl", { class: "scene-figures" },
    figure("scene.alerts", open, worst ? badge(worst) : null, worst ? `level-${worst}` : ""),
    need === null ? null : figure("scene.need", need, null),
    figure("scene.sensors", card.sensors, card.sensors ? t(card.silent ? "scene.silent" : "scene.allHeard", { n: card.silent }) : null, card.silent ? "lacking" : ""),
    figure("scene.onDuty", card.duty.length, called.length ? t("scene.answered", { n: answered.length, all: called.length }) : null));
}

/** @param {string} key @param {number} value @param {Node | string | null} note @param {string} [kind] */
const figure = (key, value, note, kind = "") =>
  el("div", { class: `scene-figure ${kind}` }, el("dt", {}, t(key)), el("dd", {}, el("b", {}, count(value)), note && el("small", {}, note)));

/** @param {string} key @param {Node | null} content */
const section = (key, content) => content && el("section", {}, el("h3", {}, t(key)), content);

/** @param {Card} card */
function people(card) {
  const buildings = card.things.building;
  const households = card.households ?? buildings?.households ?? null;
  const told = [
    card.population === null ? null : t("scene.population", { n: count(card.population) }),
    households === null ? null : t("scene.households", { n: count(households) }),
  ].filter((one) => one !== null);
  const need = Object.entries(card.in_need ?? {}).filter(([, n]) => n > 0);
  return el("div", { class: "scene-people" },
    el("p", {}, told.join(" · ") || t("scene.noPeople")),
    card.in_need && el("p", { class: "scene-chips" }, ...(need.length
      ? need.map(([kind, n]) => el("span", { class: "scene-chip" }, t(`scene.need.${kind}`, { n: count(n) })))
      : [t("scene.needNone")])));
}

/** Kinds of a group with their counts; each can be taken off the map. @param {Card} card @param {import("./kinds.js").Kind["group"]} group */
function things(card, group) {
  const mine = [...kinds.values()].filter((kind) => kind.group === group && card.things[kind.id]);
  if (mine.length === 0) return null;
  return section(`scene.group.${group}`, el("ul", { class: "scene-kinds" }, ...mine.map(({ id }) => {
    const box = el("input", { type: "checkbox", ...(isKindShown(id) ? { checked: "" } : {}), "data-kind": id,
      onchange: (/** @type {Event} */ event) => showKind(id, /** @type {HTMLInputElement} */ (event.target).checked) });
    const more = moreOf(id, card.things[id]);
    return el("li", more ? { class: "wide" } : {}, el("label", {}, box, icon(id), el("span", {}, kindName(id), more && el("small", {}, more)), el("b", {}, count(card.things[id].count))));
  })));
}

/** What adds up. @param {string} kind @param {Standing} standing */
function moreOf(kind, { capacity, households, people, storeys }) {
  if (kind === "hazard_point" && households !== null) return t("scene.threatened", { n: count(households), p: count(people ?? 0) });
  if (kind === "building" && storeys) return t("scene.storeys", { n: storeys });
  return capacity ? t("scene.capacity", { n: count(capacity) }) : null;
}

/** @param {Card} card */
function foot(card) {
  return el("footer", {},
    card.area_km2 !== null && el("span", {}, t("scene.area", { n: card.area_km2.toFixed(card.area_km2 < 1 ? 3 : card.area_km2 < 100 ? 2 : 0) })),
    card.derived && el("span", {}, t("derivedMark")));
}

