/**
 * A list that never has more rows than there is room for: the worst stay, the rest pass by page by page.
 *
 * A wall has no hand to scroll it, so the pages turn by themselves; a hand (the buttons, the wheel) turns them, too,
 * and then they wait. However many there are, the page holds one screenful of rows.
 */

import "./strings.js";
import { el } from "../dom.js";
import { t } from "../strings.js";

const TURN_MS = 10_000;
const AFTER_A_HAND_MS = 60_000;
const PINNED = 3; // the worst, on every page
const [LEAST, MOST] = [4, 9]; // rows that it asks room for, before and after the rest of the side
const [HEAD, FOOT] = [36, 42]; // px
const WITHOUT_BOUNDS = 12; // rows, where the page scrolls as a whole (a phone)

/**
 * @typedef {{list: HTMLElement, foot: HTMLElement, draw: (rows: Array<() => HTMLElement>) => void}} Paged
 * @returns {Paged}
 */
export function paged() {
  const list = el("ol", { class: "alerts paged" });
  const where = el("span", { class: "pager-where", "aria-live": "off" });
  const turn = (/** @type {number} */ by, /** @type {string} */ key, /** @type {string} */ sign) =>
    el("button", { type: "button", class: "pager-turn", "aria-label": t(key), onclick: () => hand(by) }, sign);
  const foot = el("p", { class: "pager" }, where, turn(-1, "now.earlier", "‹"), turn(1, "now.later", "›"));
  /** @type {Array<() => HTMLElement>} */ let rows = [];
  let first = 0; // of those that are not pinned
  let waitUntil = 0;

  const hand = (/** @type {number} */ by) => { waitUntil = performance.now() + AFTER_A_HAND_MS; go(by); };
  list.addEventListener("wheel", (event) => { if (!foot.hidden) hand(event.deltaY > 0 ? 1 : -1); }, { passive: true });
  setInterval(() => { if (!foot.hidden && !document.hidden && performance.now() > waitUntil) go(1); }, TURN_MS);

  /** @param {number} by */
  function go(by) {
    const { pinned, each } = room();
    const rest = Math.max(1, rows.length - pinned);
    first = by > 0 ? (first + each >= rest ? 0 : first + each) : first === 0 ? Math.floor((rest - 1) / each) * each : Math.max(0, first - each);
    fill();
  }

  function room() {
    const height = /** @type {HTMLElement | undefined} */ (list.firstElementChild)?.offsetHeight ?? 64;
    const gap = parseFloat(getComputedStyle(list).rowGap) || 0;
    const bounded = getComputedStyle(list).overflowY !== "visible";
    const fits = bounded ? Math.max(1, Math.floor((list.clientHeight + gap + 1) / (height + gap))) : WITHOUT_BOUNDS;
    list.style.flexBasis = `${Math.min(rows.length, MOST) * (height + gap)}px`;
    if (list.parentElement) list.parentElement.style.minHeight = bounded ? `${Math.min(rows.length, innerHeight < 900 ? LEAST - 1 : LEAST) * (height + gap) + (foot.hidden ? HEAD : HEAD + FOOT)}px` : "";
    const pinned = rows.length <= fits ? rows.length : Math.min(PINNED, Math.floor(fits / 2));
    return { fits, pinned, each: Math.max(1, fits - pinned) };
  }

  function fill() {
    if (!list.childElementCount && rows.length) list.append(rows[0]());
    let { fits, pinned, each } = room();
    foot.hidden = rows.length <= fits;
    ({ fits, pinned, each } = room()); // the foot takes room
    if (pinned + first >= rows.length) first = 0;
    const shown = [...rows.slice(0, pinned), ...rows.slice(pinned + first, pinned + first + each)];
    list.replaceChildren(...shown.map((row) => row()));
    const [from, to, all] = [pinned + first + 1, Math.min(rows.length, pinned + first + each), rows.length];
    where.textContent = first === 0 || !pinned ? t("now.page", { from: first === 0 ? 1 : from, to, all }) : t("now.pageAfter", { pinned, from, to, all });
  }

  return { list, foot, draw: (given) => { rows = given; fill(); } };
}
