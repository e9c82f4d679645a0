/** Which parts of the screen this one shows: a wall of several screens has one of each. */

import { said, whenSaid } from "../address.js";
import { byId } from "../dom.js";
import { startFigures } from "../figures/strip.js";

export const PARTS = /** @type {const} */ (["map", "queue", "plans", "figures"]);

/** Parts that the address names; all of them where it names none. @returns {string[]} */
export function partsShown() {
  const asked = said("parts").split(",").filter((part) => PARTS.some((known) => known === part));
  return asked.length ? asked : [...PARTS];
}

/** A screen that shows everything has room for the figures where it is wide. */
const isWide = matchMedia("(min-aspect-ratio: 5/2)");

/** They are asked for by screens that show them. */
function figuresFromNowOn() {
  let started = false;
  return () => {
    if (started || !partsShown().includes("figures") || (!said("parts") && !isWide.matches)) return;
    started = true;
    startFigures(byId("figures"));
  };
}

/** Follow the address from now on. */
export function startParts() {
  const figures = figuresFromNowOn();
  isWide.addEventListener("change", figures);
  const show = () => {
    const shown = partsShown();
    document.body.dataset.parts = shown.length === PARTS.length ? "all" : shown.join(" ");
    for (const node of document.querySelectorAll("[data-part]")) {
      /** @type {HTMLElement} */ (node).classList.toggle("part-away", !shown.includes(/** @type {HTMLElement} */ (node).dataset.part ?? ""));
    }
    figures();
    dispatchEvent(new Event("resize")); // the map has another room now
  };
  whenSaid(["parts"], show);
  show();
}
