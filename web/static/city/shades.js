/** What the map is coloured by: a choice of words; of the past only what the board tells. */

import { said, say, whenSaid } from "../address.js";
import { byId, el } from "../dom.js";
import { t } from "../strings.js";
import { around, whenPath } from "./path.js";
import { want } from "./tallies.js";

/** @typedef {"level" | "silent" | "answer" | "load"} Shade */

/** @type {Shade[]} */
const SHADES = ["level", "silent", "answer", "load"];

/** @returns {Shade} what the map is coloured by now */
export const shade = () => (said("at") || !SHADES.includes(/** @type {Shade} */ (said("shade"))) ? "level" : /** @type {Shade} */ (said("shade")));

/** Draw the choice, and ask for what it needs. @param {() => void} onChange */
export function drawShades(onChange) {
  const choices = SHADES.map((name) => choice(name));
  byId("shades").replaceChildren(el("fieldset", {}, el("legend", {}, t("city.shade.title")), ...choices));
  const show = () => {
    for (const input of byId("shades").querySelectorAll("input")) {
      input.checked = input.value === shade();
      input.disabled = said("at") !== "" && input.value !== "level";
    }
    byId("shades").title = said("at") ? t("city.shade.past") : "";
    ask();
    onChange();
  };
  whenSaid(["shade", "at"], show);
  whenPath(ask);
  show();
}

/** @param {Shade} name */
function choice(name) {
  const input = el("input", { type: "radio", name: "shade", value: name, onchange: () => say({ shade: name === "level" ? null : name }) });
  return el("label", {}, input, el("span", {}, t(`city.shade.${name}`)));
}

/** Townships of the district or the city, and the grids of a township. */
function ask() {
  const township = around("township");
  want("townships", shade() === "level" ? null : { level: "township", in: around("district")?.id ?? null });
  want("grids", township ? { level: "grid", in: township.id } : null);
}
