/** A wall has no hand to scroll it: lists show whole rows, and say how many more there are. */

import { el } from "./dom.js";

/**
 * Hide the rows that do not fit and tell their number in a last row of its own.
 * @param {HTMLElement} list @param {(n: number) => string} more
 */
export function fitRows(list, more) {
  if (list.scrollHeight <= list.clientHeight + 1) return;
  const rest = el(list.tagName === "OL" ? "li" : "p", { class: "more" }, more(1));
  list.append(rest);
  const rows = [...list.children].slice(0, -1);
  const bottom = list.getBoundingClientRect().top + list.clientHeight - rest.offsetHeight - 8;
  const over = rows.filter((row) => row.getBoundingClientRect().bottom > bottom);
  for (const row of over) row.remove();
  rest.textContent = more(over.length);
}
