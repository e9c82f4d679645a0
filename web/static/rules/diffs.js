/** Differences between two rule sets, file by file. */

import { el } from "../dom.js";
import { word } from "./strings.js";

/** @param {import("./draft.js").FileDiff[]} found */
export const diffs = (found) =>
  el("div", { class: "diffs" }, ...found.map((one) =>
    el("section", { class: "diff" },
      el("h4", {}, one.file, el("small", {}, ` ${word("change", one.change)}`)),
      el("pre", {}, ...one.lines.map(line)))));

/** @param {string} text */
function line(text) {
  const kind = text.startsWith("+") ? "plus" : text.startsWith("-") ? "minus" : text.startsWith("@@") ? "hunk" : "kept";
  return el("span", { class: kind }, kind === "hunk" ? "⋯" : text || " ");
}
