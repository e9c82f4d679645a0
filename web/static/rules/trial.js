/** Trying a draft on stored history, beside the rules in force. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { badge, LEVELS } from "../levels.js";
import { language } from "../strings.js";
import { draft, ruleOf, state } from "./draft.js";
import { chart } from "./chart.js";
import { post } from "./server.js";
import { t } from "./strings.js";

const DAY_MS = 86_400_000;
const beijing = new Intl.DateTimeFormat("sv-SE", { timeZone: "Asia/Shanghai", dateStyle: "short" });

/** What was chosen stays chosen from rule to rule. @type {{ from: string, to: string, divisions: Set<number> }} */
const chosen = { from: "", to: "", divisions: new Set() };
/** @type {any} */
let last = null;
let busy = false;
let wrong = "";

/** @param {string} file @param {() => void} redraw */
export function trial(file, redraw) {
  const { first, last: end } = state.known.stored;
  if (!end) return el("p", { class: "quiet" }, t("noHistory"));
  if (!chosen.to) propose(Date.parse(first), Date.parse(end));
  const stored = t("storedFrom", { first: beijing.format(Date.parse(first)), last: beijing.format(Date.parse(end)) });
  return el(
    "div",
    { class: "trial" },
    el("form", { class: "trial-form", id: "trial-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void run(file, redraw); } },
      day("from", t("from")), day("to", t("to")), where(),
      el("button", { type: "submit", class: "strong", disabled: busy || state.known.read_only || unsound() ? "" : null }, busy ? t("running") : t("run")),
      el("small", {}, stored)),
    unsound() && el("p", { class: "quiet" }, t("notSound")),
    wrong && el("p", { class: "wrong-line", role: "alert" }, wrong),
    last?.file === file && report(last.told),
  );
}

const unsound = () => state.checking || state.faults.length > 0;

/** @param {number} first @param {number} end */
function propose(first, end) {
  chosen.to = beijing.format(end);
  chosen.from = beijing.format(Math.max(first, end - 6 * DAY_MS));
}

/** @param {"from" | "to"} name @param {string} label */
function day(name, label) {
  const input = /** @type {HTMLInputElement} */ (el("input", { type: "date", name, value: chosen[name], required: "" }));
  input.addEventListener("change", () => { chosen[name] = input.value; });
  return el("label", {}, label, input);
}

function where() {
  const summary = el("summary", {}, told());
  const box = (/** @type {any} */ place) => {
    const input = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", value: place.id, checked: chosen.divisions.has(place.id) ? "" : null }));
    input.addEventListener("change", () => {
      chosen.divisions[input.checked ? "add" : "delete"](place.id);
      summary.textContent = told();
    });
    return el("label", {}, input, place.name, el("small", {}, ` ${count(place.sensors)}`));
  };
  const districts = state.known.places.map((/** @type {any} */ place) =>
    el("li", {}, place.id !== null && box(place), el("ul", {}, ...place.townships.map((/** @type {any} */ one) => el("li", {}, box(one))))));
  return el("details", { class: "where" }, summary, el("ul", {}, ...districts));
}

const told = () => `${t("where")} · ${chosen.divisions.size ? t("chosen", { n: chosen.divisions.size }) : t("wholeCity")}`;

/** @param {string} file @param {() => void} redraw */
async function run(file, redraw) {
  busy = true;
  wrong = "";
  redraw();
  const changed = [...state.changes.keys()].map((one) => one.replace(/\.toml$/, ""));
  const rules = [...new Set([file.replace(/\.toml$/, ""), ...changed])];
  const end = new Date(Date.parse(`${chosen.to}T00:00:00+08:00`) + DAY_MS).toISOString();
  try {
    const begin = new Date(`${chosen.from}T00:00:00+08:00`).toISOString();
    last = { file, told: await post("/try", { ...draft(), rules, begin, end, divisions: [...chosen.divisions] }) };
  } catch (error) {
    last = null;
    wrong = String(/** @type {Error} */ (error).message);
  }
  busy = false;
  redraw();
}

/** @param {any} told */
function report(told) {
  const quiet = told.in_force.alerts + told.draft.alerts === 0;
  return el(
    "div",
    { class: "report", id: "report" },
    el("p", { class: "quiet" }, t("trialNote", { n: count(told.readings), sensors: count(told.sensors), s: told.took_s.toFixed(1) })),
    state.changes.size === 0 && el("p", { class: "quiet" }, t("noDraft")),
    levelTable(told),
    ...(quiet ? [el("p", { class: "quiet" }, t("nothingRaised"))] : [chart(told), subjects(told)]),
  );
}

/** @param {any} told */
function levelTable(told) {
  const sides = [told.in_force, told.draft];
  const cell = (/** @type {any[]} */ pair, /** @type {(n: any) => string} */ say = String) =>
    pair.map((one, side) => el("td", { class: side && pair[0] !== pair[1] ? "differs" : "" }, say(one)));
  const hours = (/** @type {number} */ h) => (h ? t("hoursOf", { h: h.toFixed(1) }) : "–");
  const times = (/** @type {number} */ n) => (n ? count(n) : "–");
  const row = (/** @type {import("../levels.js").Level} */ level) => el("tr", {},
    el("th", { scope: "row" }, badge(level)),
    ...cell(sides.map((side) => side.levels[level].raised), times),
    ...cell(sides.map((side) => side.levels[level].hours), hours),
    ...cell(sides.map((side) => side.levels[level].longest_h), hours));
  const heads = el("tr", {}, el("th", {}), ...[t("raised"), t("hours"), t("longest")].map((head) => el("th", { colspan: 2 }, head)));
  const names = el("tr", { class: "sides" }, el("th", {}, t("level")), ...[0, 1, 2].flatMap(() => [el("th", {}, t("nowSide")), el("th", {}, t("draftSide"))]));
  const sum = el("tr", { class: "sum" }, el("th", { scope: "row" }, t("allAlerts")), ...cell(sides.map((side) => side.alerts), count), el("td", { colspan: 4 }));
  return el("div", { class: "wide" }, el("table", { class: "levels-table" }, el("thead", {}, heads, names), el("tbody", {}, ...LEVELS.map(row), sum)));
}

/** @param {any} told */
function subjects(told) {
  const several = new Set(told.rows.map((/** @type {any} */ row) => row.rule_id)).size > 1;
  const side = (/** @type {any} */ sum) => (sum ? el("td", {}, badge(sum.peak), el("span", {}, t("sideSum", { n: count(sum.alerts), h: sum.hours.toFixed(1) }))) : el("td", { class: "none" }, "–"));
  const row = (/** @type {any} */ one) => el("tr", { class: same(one) ? "same" : "" },
    several && el("td", {}, ruleOf(`${one.rule_id}.toml`)?.label[language] ?? one.rule_id),
    el("th", { scope: "row" }, one.subject, el("small", {}, one.place)), side(one.in_force), side(one.draft));
  const head = el("tr", {}, several && el("th", {}, t("rule")), el("th", {}, t("subject")), el("th", {}, t("nowSide")), el("th", {}, t("draftSide")));
  return el("div", { class: "wide" },
    el("h3", {}, t("bySubject"), told.rows.every(same) && el("small", {}, ` ${t("sameResult")}`)),
    el("table", { class: "subjects-table" }, el("thead", {}, head), el("tbody", {}, ...told.rows.map(row))),
    told.rows_left_out > 0 && el("p", { class: "quiet" }, t("rowsLeftOut", { n: count(told.rows_left_out) })));
}

/** @param {any} row */
const same = (row) => JSON.stringify(row.in_force) === JSON.stringify(row.draft);
