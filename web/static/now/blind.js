/** Where the map is blind: townships without a sensor, what is silent, what never spoke, what nobody can place. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { t } from "../strings.js";
import { now } from "./told.js";

/** One line of it. */
export function blindSpots() {
  const what = parts();
  return el("p", { class: `blind-spots ${what.length ? "" : "none"}` },
    what.length ? t("now.blindLine", { what: what.join(" · ") }) : t("now.blindNone"));
}

/** @returns {string[]} */
function parts() {
  const silent = now.told?.silent.sensors ?? 0;
  // Not from the stations at hand: of a city with many sensors only those with an open alert are.
  const { townships: bare = 0, unheard = 0, unplaced = 0 } = now.standing?.blind ?? {};
  return [
    bare && t("now.blindBare", { n: count(bare) }), silent && t("now.blindSilent", { n: count(silent) }),
    unheard && t("now.blindNever", { n: count(unheard) }), unplaced && t("now.blindLost", { n: count(unplaced) }),
  ].filter((one) => typeof one === "string");
}
