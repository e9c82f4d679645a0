/** The text of a rule with numbered lines; the lines at fault are marked while one types. */

import { el } from "../dom.js";
import { change, state, textOf } from "./draft.js";
import { diffs } from "./diffs.js";
import { inWords } from "./faults.js";
import { t } from "./strings.js";

/** @param {string} file */
export function editor(file) {
  const text = textOf(file);
  return text === null ? removed(file) : el("div", { class: "edit" }, writing(file, text), el("div", { class: "edit-side", id: "edit-side" }, ...findings(file)));
}

/** @param {string} file */
function removed(file) {
  const back = () => change(file, state.known.files[file]);
  return el("div", { class: "edit" }, el("div", {}, el("p", { class: "quiet" }, t("removedNote")), el("button", { type: "button", class: "plain", onclick: back }, t("restore"))));
}

/** @param {string} file @param {string} text */
function writing(file, text) {
  const gutter = el("ol", { class: "gutter", "aria-hidden": "true", id: "gutter" });
  const area = /** @type {HTMLTextAreaElement} */ (
    el("textarea", { id: "text", spellcheck: "false", wrap: "off", autocapitalize: "off", autocomplete: "off", "aria-label": t("text"), readonly: state.known.read_only ? "" : null })
  );
  area.value = text;
  number(gutter, text);
  area.addEventListener("input", () => { number(gutter, area.value); change(file, area.value); });
  area.addEventListener("scroll", () => { gutter.scrollTop = area.scrollTop; });
  return el("div", { class: "writing" }, gutter, area);
}

/** @param {HTMLElement} gutter @param {string} text */
function number(gutter, text) {
  const lines = text.split("\n").length;
  while (gutter.childElementCount > lines) gutter.lastElementChild?.remove();
  while (gutter.childElementCount < lines) gutter.append(el("li", {}, gutter.childElementCount + 1));
}

/** What the last check found; the text itself is left alone. @param {string} file */
export function redrawFindings(file) {
  const side = document.getElementById("edit-side");
  if (!side) return;
  side.replaceChildren(...findings(file));
  const wrong = new Set(state.faults.filter((fault) => fault.file === file).map((fault) => fault.line));
  document.querySelectorAll("#gutter li").forEach((line, index) => line.classList.toggle("wrong", wrong.has(index + 1)));
}

/** @param {string} file */
function findings(file) {
  const mine = state.faults.filter((fault) => fault.file === file || fault.file === "");
  const own = state.diff.filter((one) => one.file === file);
  return [
    el("div", { class: "verdict-line", id: "check", "data-state": state.checking ? "checking" : mine.length ? "faulty" : "sound" },
      state.checking ? t("checking") : mine.length ? t("faults", { n: mine.length }) : t("sound"),
      el("span", { class: "edit-acts" }, ...acts(file))),
    el("ul", { class: "faults" }, ...mine.map(fault)),
    el("h3", {}, t("differs")),
    own.length ? diffs(own) : el("p", { class: "quiet" }, t("same")),
  ];
}

/** @param {import("./draft.js").Fault} one */
function fault(one) {
  const jump = () => show(one.line);
  return el(
    "li",
    {},
    one.line > 0 && el("button", { type: "button", class: "line-link", onclick: jump }, t("faultAt", { line: one.line })),
    el("span", {}, inWords(one, "reason")),
    one.mend && el("small", {}, `${t("mend")}  ${inWords(one, "mend")}`),
  );
}

/** @param {string} file */
function acts(file) {
  if (state.known.read_only) return [];
  const known = file in state.known.files;
  return [
    state.changes.has(file) && el("button", { type: "button", class: "plain", onclick: () => (known ? change(file, state.known.files[file]) : change(file, null)) }, t("discard")),
    known && el("button", { type: "button", class: "plain", onclick: () => change(file, null) }, t("remove")),
  ].filter(Boolean);
}

/** Put the cursor on a line. @param {number} line from 1 */
function show(line) {
  const area = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("text"));
  if (!area) return;
  const lines = area.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  area.focus();
  area.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  area.scrollTop = Math.max(0, (line - 4) * (area.scrollHeight / lines.length));
}
