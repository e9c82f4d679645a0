/** The list of rules on the left. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { LEVELS, shape } from "../levels.js";
import { language } from "../strings.js";
import { files, ruleOf, state } from "./draft.js";
import { t, word } from "./strings.js";

let sought = "";

/** @param {HTMLElement} shelf @param {(file: string) => void} choose */
export function drawShelf(shelf, choose) {
  const list = el("ul", { class: "shelf-list" });
  const search = el("input", { type: "search", class: "shelf-search", placeholder: t("search"), "aria-label": t("search"), value: sought });
  search.addEventListener("input", () => { sought = /** @type {HTMLInputElement} */ (search).value; fill(list, choose); });
  shelf.replaceChildren(search, list);
  fill(list, choose);
}

/** @param {HTMLElement} list @param {(file: string) => void} choose */
function fill(list, choose) {
  const found = files().filter((file) => matches(file, sought.trim().toLowerCase()));
  found.sort((one, other) => number(one) - number(other) || one.localeCompare(other));
  list.replaceChildren(...found.map((file) => item(file, choose)));
}

/** @param {string} file */
const number = (file) => ruleOf(file)?.number ?? 1e9;

/** @param {string} file @param {string} words */
function matches(file, words) {
  const rule = ruleOf(file);
  const label = rule ? `${rule.number} ${rule.label.zh} ${rule.label.en} ${word("kind", rule.kind)}` : "";
  return `${file} ${label}`.toLowerCase().includes(words);
}

/** @param {string} file @param {(file: string) => void} choose */
function item(file, choose) {
  const rule = ruleOf(file);
  const faulty = state.faults.some((fault) => fault.file === file);
  const button = el(
    "button",
    { type: "button", class: "shelf-rule", "data-file": file, "aria-current": file === state.selected ? "true" : null, onclick: () => choose(file) },
    el("span", { class: "shelf-number" }, rule?.number ?? "–"),
    el("span", { class: "shelf-label" }, rule?.label[language] ?? file, mark(file, faulty)),
    el("span", { class: "shelf-kind" }, rule ? word("kind", rule.kind) : ""),
    el("span", { class: "shelf-levels" }, ...levels(rule)),
    el("span", { class: "shelf-scope" }, rule && rule.kind !== "warning" ? scopeCount(rule.scope) : ""),
  );
  return el("li", { class: state.changes.get(file) === null ? "removed" : "" }, button);
}

/** @param {any} rule */
const levels = (rule) =>
  [...LEVELS].reverse().filter((level) => rule?.said[language].levels[level]).map((level) => el("i", { class: `level-${level}` }, shape(level)));

/** @param {{ subjects: Record<string, number> }} scope */
const scopeCount = (scope) => {
  const all = Object.values(scope.subjects).reduce((sum, n) => sum + n, 0);
  return t("judged", { n: count(all) });
};

/** @param {string} file @param {boolean} faulty */
function mark(file, faulty) {
  if (!state.changes.has(file)) return null;
  const change = state.changes.get(file) === null ? "removed" : file in state.known.files ? "changed" : "added";
  return el("em", { class: faulty ? "mark faulty" : "mark" }, faulty ? t("faults", { n: state.faults.filter((fault) => fault.file === file).length }) : word("change", change));
}
