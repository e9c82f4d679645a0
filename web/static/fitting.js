/** A wall has no hand to scroll it: lists show whole rows, and say how many more there are. */

import { el } from "./dom.js";

/** Draw again whenever the room for it has changed. @param {HTMLElement} section @param {() => void} draw */
export function whenResized(section, draw) {
  let height = -1;
  new ResizeObserver(() => {
    if (section.offsetHeight !== height) draw();
    height = section.offsetHeight; // after drawing: what it did to its own size is no news
  }).observe(section);
}

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
