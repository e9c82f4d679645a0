/** A figure's card: its name, what it means, its chart, and the table behind it. */

import { el } from "../dom.js";
import { language, t } from "../strings.js";
import { chart } from "./chart.js";

/** @type {Array<() => void>} */
let ends = [];

/** Before the cards are drawn anew. */
export function clearCards() {
  for (const end of ends) end();
  ends = [];
}

/**
 * @param {string} key of the definitions
 * @param {any} told the whole answer
 * @param {{option?: (() => any) | null, table?: HTMLElement | null, empty?: string, wide?: boolean, tall?: boolean, height?: number, above?: HTMLElement | null, note?: string}} parts
 *     `empty`: why nothing is there; then there is no chart and no table
 */
export function card(key, told, parts) {
  const meant = told.definitions[key];
  const zh = language === "zh";
  const name = zh ? meant.zh : meant.en;
  const made = el("section", { class: `figure${parts.wide ? " figure-wide" : ""}`, id: `figure-${key}`, "aria-labelledby": `name-${key}` });
  const heading = el("h2", { id: `name-${key}` }, name);
  const meaning = el("p", { class: "figure-means" }, zh ? meant.means_zh : meant.means_en);
  if (parts.empty) {
    made.append(el("header", {}, heading), el("p", { class: "figure-empty" }, parts.empty), meaning);
    return made;
  }
  const canvas = el("div", { class: "figure-chart", role: "img", "aria-label": name });
  if (parts.height) canvas.style.height = `${parts.height}px`;
  const numbers = el("div", { class: "figure-numbers", hidden: parts.option ? "" : null }, parts.table);
  const head = el("header", {}, heading);
  if (parts.option) head.append(toggle(canvas, numbers, parts.above ?? null));
  made.append(head, ...[parts.above, parts.option ? canvas : null, parts.note ? el("p", { class: "figure-note" }, parts.note) : null, numbers, meaning].filter((one) => one instanceof Node));
  if (parts.option) {
    const option = parts.option;
    queueMicrotask(() => ends.push(chart(canvas, option)));
  }
  return made;
}

/** Chart or table, by one button. @param {HTMLElement} canvas @param {HTMLElement} numbers @param {HTMLElement | null} above */
function toggle(canvas, numbers, above) {
  const button = el("button", {
    type: "button", class: "second figure-toggle", "aria-pressed": "false",
    onclick: () => {
      numbers.hidden = !numbers.hidden;
      canvas.hidden = !numbers.hidden;
      if (above) above.hidden = canvas.hidden;
      button.setAttribute("aria-pressed", String(!numbers.hidden));
    },
  }, t("figures.table"));
  return button;
}
