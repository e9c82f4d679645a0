/** The line above the map: where it is, and the way up. */

import { say } from "../address.js";
import { byId, el } from "../dom.js";
import { t } from "../strings.js";
import { path, whenPath } from "./path.js";

/** Draw it, and keep it. */
export function drawCrumbs() {
  byId("crumbs").setAttribute("aria-label", t("city.crumbs"));
  whenPath(draw);
  draw();
}

function draw() {
  const steps = [{ id: null, name: t("city.whole") }, ...path()];
  const held = byId("crumbs").contains(document.activeElement);
  byId("crumbs").replaceChildren(el("ol", {}, ...steps.map((step, i) => crumb(step, i === steps.length - 1))));
  if (held) /** @type {HTMLElement} */ (byId("crumbs").querySelector("li:last-child button")).focus();
}

/** @param {{id: number | null, name: string}} step @param {boolean} last */
function crumb({ id, name }, last) {
  return el("li", {}, el("button", {
    type: "button", "aria-current": last ? "location" : null, "data-in": id ?? "city", onclick: () => say({ in: id, sensor: null, thing: null }),
  }, name));
}
