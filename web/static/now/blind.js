/** Where the map is blind: townships without a sensor, what is silent, what never spoke, what nobody can place. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { store } from "../store.js";
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
  const stations = [...store.stations.values()];
  const silent = now.told?.silent.sensors ?? 0;
  const never = stations.filter(({ id }) => !store.values.has(id)).length;
  const lost = stations.filter(({ lon }) => lon === null).length;
  const bare = now.standing?.blind.townships ?? 0;
  return [
    bare && t("now.blindBare", { n: count(bare) }), silent && t("now.blindSilent", { n: count(silent) }),
    never && t("now.blindNever", { n: count(never) }), lost && t("now.blindLost", { n: count(lost) }),
  ].filter((one) => typeof one === "string");
}
