/** What the signs on the map mean. */

import { byId, el } from "./dom.js";
import { LEVELS, shape } from "./levels.js";
import { t } from "./strings.js";

/** Draw it once. */
export function drawLegend() {
  const entry = (/** @type {Node} */ sign, /** @type {string} */ text, level = "") =>
    el("li", { class: level && `level-${level}` }, sign, text);
  const line = (/** @type {string} */ kind) => el("span", { class: `swatch swatch-${kind}` });
  byId("legend").replaceChildren(
    el("ul", { class: "legend-levels" },
      ...LEVELS.map((level) => entry(shape(level), t(`level.${level}`), level)),
      entry(shape("normal"), t("legendNormal")), entry(shape("silent"), t("legendSilent"))),
    el("ul", { class: "legend-lines" },
      entry(line("filled"), t("legendFilled")),
      entry(line("township"), t("legendTownship")),
      entry(line("district"), t("legendDistrict")),
      entry(line("river"), t("legendRiver"))));
}
