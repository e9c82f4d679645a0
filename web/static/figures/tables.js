/** The numbers behind a chart: a table, which can be sorted by its heads. */

import { count } from "../format.js";
import { el } from "../dom.js";
import { t } from "../strings.js";

/**
 * @typedef {{name: string, of: (row: any) => any, show?: (value: any, row: any) => string, text?: boolean}} Column
 * @param {Column[]} columns the first is the head of a row
 * @param {any[]} rows
 * @param {{last?: any, sorted?: (column: number) => void, by?: number}} [how] `last`: the sum, which stays at the end
 */
export function table(columns, rows, how = {}) {
  const body = el("tbody");
  const heads = columns.map((column, number) => head(column, number, how));
  fill(body, columns, how.by === undefined ? rows : ordered(columns[how.by], rows), how.last);
  return el("div", { class: "sideways", tabindex: 0 }, el("table", { class: "figure-table" }, el("thead", {}, el("tr", {}, ...heads)), body));
}

/** @param {Column} column @param {number} number @param {any} how */
function head(column, number, how) {
  const sorted = how.by === number;
  const attributes = { scope: "col", class: column.text ? "" : "number", "aria-sort": sorted ? (column.text ? "ascending" : "descending") : null };
  if (!how.sorted) return el("th", attributes, column.name);
  return el("th", attributes, el("button", {
    type: "button", class: "sorter", "aria-label": t("figures.sortBy", { name: column.name }), onclick: () => how.sorted(number),
  }, column.name, sorted ? (column.text ? " ↑" : " ↓") : ""));
}

/** Texts from their beginning, numbers the largest first, nothing at the end. @param {Column} column @param {any[]} rows */
export function ordered(column, rows) {
  const value = (/** @type {any} */ row) => column.of(row);
  const there = rows.filter((row) => value(row) !== null && value(row) !== undefined);
  there.sort((one, other) => (column.text ? String(value(one)).localeCompare(String(value(other)), "zh") : value(other) - value(one)));
  return [...there, ...rows.filter((row) => !there.includes(row))];
}

/** @param {HTMLElement} body @param {Column[]} columns @param {any[]} rows @param {any} last */
function fill(body, columns, rows, last) {
  const lines = last === undefined ? rows : [...rows, last];
  body.replaceChildren(...lines.map((row) => el("tr", { class: row === last ? "of-all" : null }, ...columns.map((column, number) =>
    el(number === 0 ? "th" : "td", { scope: number === 0 ? "row" : null, class: column.text ? "" : "number" }, shown(column, row))))));
}

/** @param {Column} column @param {any} row */
function shown(column, row) {
  const value = column.of(row);
  if (column.show) return column.show(value, row);
  if (value === null || value === undefined) return t("figures.none");
  return typeof value === "number" ? count(value) : String(value);
}
