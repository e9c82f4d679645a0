/** Count-downs and stretches of time, by the clock that runs go by. */

import { el } from "../dom.js";
import { dayAndTime, stretch } from "../format.js";
import { now } from "./follow.js";
import { t } from "./strings.js";

/** A day and a time of day. @param {string} iso */
export const when = (iso) => dayAndTime(Date.parse(iso));

/** How long from one to the other: 3分12秒. @param {string} from @param {string} to */
export function lasted(from, to) {
  const s = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  if (s < 60) return t("seconds", { s });
  return s < 3600 ? t("minutes", { m: Math.floor(s / 60), s: s % 60 }) : stretch(s * 1000);
}

/** A node that counts down to a time. @param {string} iso @param {string} left @param {string} over names of strings with {time} */
export function countDown(iso, left = "remaining", over = "over") {
  const node = el("span", { class: "count-down", "data-until": iso, "data-left": left, "data-over": over });
  tickOne(node);
  return node;
}

/** @param {HTMLElement} node */
function tickOne(node) {
  const ms = Date.parse(node.dataset.until ?? "") - now();
  node.textContent = t((ms >= 0 ? node.dataset.left : node.dataset.over) ?? "", { time: stretch(ms) });
  node.classList.toggle("is-over", ms < 0);
}

/** Let every count-down of the page run. */
export function runCountDowns() {
  setInterval(() => {
    for (const node of document.querySelectorAll("[data-until]")) tickOne(/** @type {HTMLElement} */ (node));
  }, 1000);
}
