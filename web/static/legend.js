/** What the signs and colours of the map mean. */

import { whenSaid } from "./address.js";
import { CLASSES, classTold } from "./city/scale.js";
import { shade } from "./city/shades.js";
import { byId, el } from "./dom.js";
import { LEVELS, shape } from "./levels.js";
import { t } from "./strings.js";

/** Draw it, and again when the map is coloured by something else. */
export function drawLegend() {
  whenSaid(["shade", "at"], draw);
  draw();
}

function draw() {
  byId("legend").replaceChildren(
    el("ul", { class: "legend-levels" },
      ...LEVELS.map((level) => entry(shape(level), t(`level.${level}`), `level-${level}`)),
      entry(shape("normal"), t("legendNormal")), entry(shape("silent"), t("legendSilent"))),
    shade() === "level" ? "" : scale(/** @type {any} */ (shade())),
    el("ul", { class: "legend-lines" },
      shade() === "level" ? entry(line("filled"), t("legendFilled")) : null,
      entry(line("district"), t("legendDistrict")),
      entry(line("river"), t("legendRiver")),
      entry(el("span", { class: "swatch-cluster" }, "8", shape("silent"), "2"), t("city.legendCluster")),
      entry(line("township"), t("legendTownship"), "wide")));
}

/** @param {import("./city/scale.js").Measure} measure */
function scale(measure) {
  const classes = Array.from({ length: CLASSES }, (_, i) => i + 1);
  return el("div", { class: "legend-scale" }, el("b", {}, t(`city.shade.note.${measure}`)),
    el("ul", {}, ...classes.map((number) => entry(line(`class shade-${number}`), classTold(measure, number))),
      entry(line("class shade-none"), t(`city.shade.none.${measure}`))));
}

/** @param {Node} sign @param {string} text */
const entry = (sign, text, kind = "") => el("li", { class: kind || null }, sign, text);

/** @param {string} kind */
const line = (kind) => el("span", { class: `swatch swatch-${kind}` });
