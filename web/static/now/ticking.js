/** Times that count up, by the pipeline's clock: every node that says since when (`data-up`) and how (`data-say`). */

import { el } from "../dom.js";
import { stretch } from "../format.js";
import { now, when } from "../store.js";
import { t } from "../strings.js";

/**
 * A time that counts up from there; `say`: the string that holds it.
 * @param {string} since ISO 8601 @param {string} [say] @param {string} [name] of the class
 */
export function countUp(since, say = "", name = "") {
  const node = el("span", { class: `up ${name}`, "data-up": since, "data-say": say || null });
  tick(node);
  return node;
}

/** Keep them counting. */
export function startTicking() {
  when("clock", tickAll);
  setInterval(tickAll, 1_000);
}

function tickAll() {
  for (const node of document.querySelectorAll("[data-up]")) tick(/** @type {HTMLElement} */ (node));
}

/** @param {HTMLElement} node */
function tick(node) {
  const time = stretch(Math.max(0, now() - Date.parse(node.dataset.up ?? "")));
  const text = node.dataset.say ? t(node.dataset.say, { time }) : time;
  if (node.textContent !== text) node.textContent = text;
}
