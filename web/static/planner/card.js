/** The card of what is chosen: its figures, its name, number and households to be changed. */

import { byId, el } from "../dom.js";
import { boxOf, meets, ringsOf } from "./rings.js";
import { area, t } from "./strings.js";


/** @param {import("./draft.js").Draft} draft @param {(step: any) => void} done @param {() => HTMLElement[]} acts */
export function drawCard(draft, done, acts) {
  const card = byId("card");
  let shown = "";

  function draw() {
    const units = draft.chosenUnits;
    const told = JSON.stringify([units.map((one) => one.properties), draft.mayEdit, [...draft.waiting]]);
    if (told === shown) return;
    shown = told;
    const typing = card.contains(document.activeElement) && document.activeElement instanceof HTMLInputElement;
    if (typing && units.length === 1 && card.dataset.unit === units[0].id) return; // nobody's typing is taken away
    card.dataset.unit = units.length === 1 ? units[0].id : "";
    if (!units.length) card.replaceChildren(el("p", { class: "soft" }, t("hintChoose")));
    else if (units.length === 1) card.replaceChildren(...one(units[0]));
    else card.replaceChildren(...several(units));
  }

  /** @param {import("./applying.js").Unit} unit */
  function one(unit) {
    const { name, code, households, area_m2: size, sensors, state } = unit.properties;
    const parent = draft.parents.find((each) => String(each.id) === String(unit.properties.parent_id) || each.properties?.id === unit.properties.parent_id);
    const facts = el("dl", { class: "facts pl-facts" },
      ...fact("area", size === null ? t("areaPending") : area(size)), ...fact("sensors", sensors ?? t("unknown")),
      ...fact("vertices", ringsOf(unit.geometry).reduce((sum, ring) => sum + ring.length - 1, 0)), ...(parent ? fact("parent", parent.properties.name) : []));
    return [el("h2", {}, name, " ", state === "same" ? null : el("i", { class: "pl-chip" }, t(`change.${state}`))), facts,
      draft.mayEdit ? form(unit) : el("dl", { class: "facts pl-facts" }, ...fact("code", code), ...fact("households", households ?? t("unknown"))),
      el("p", { class: "buttons" }, ...acts())];
  }

  /** @param {import("./applying.js").Unit} unit */
  function form(unit) {
    const { name, code, kind, households } = unit.properties;
    const input = (/** @type {string} */ id, /** @type {any} */ value, /** @type {Record<string, unknown>} */ more = {}) => el("input", { id: `card-${id}`, name: id, value: value ?? "", autocomplete: "off", ...more });
    const line = (/** @type {string} */ id, /** @type {HTMLElement} */ field) => el("div", {}, el("label", { for: `card-${id}` }, t(id)), field);
    const made = el("form", { class: "own-form pl-form", id: "rename" }, line("name", input("name", name, { maxlength: 60, required: "" })),
      el("div", { class: "pair" }, line("code", input("code", code, { maxlength: 20 })), line("households", input("households", households, { type: "number", min: 0, max: 1000000, inputmode: "numeric" }))),
      kind ? line("kind", input("kind", kind, { maxlength: 40 })) : null,
      el("button", { type: "submit", class: "second", id: "save-card" }, t("save")));
    made.addEventListener("submit", (event) => {
      event.preventDefault();
      const said = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (made)));
      const step = changed(unit, said);
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      if (step) done(step);
    });
    return made;
  }

  /** @param {import("./applying.js").Unit[]} units */
  function several(units) {
    const sum = (/** @type {"households" | "area_m2" | "sensors"} */ name) => (units.some((one) => one.properties[name] === null) ? null : units.reduce((all, one) => all + (one.properties[name] ?? 0), 0));
    const [households, size] = [sum("households"), sum("area_m2")];
    return [el("h2", {}, t("chosenN", { n: units.length })),
      el("p", { class: "pl-chosen" }, ...units.slice(0, 12).map((one) => el("span", { class: "chip" }, one.properties.name)), units.length > 12 ? ` +${units.length - 12}` : ""),
      el("dl", { class: "facts pl-facts" }, ...fact("households", households ?? t("unknown")), ...fact("area", size === null ? t("areaPending") : area(size)), ...fact("sensors", sum("sensors") ?? t("unknown"))),
      el("p", { class: "buttons" }, ...acts())];
  }

  for (const name of ["units", "chosen", "head"]) draft.addEventListener(name, draw);
  draw();
  return { focus: () => byId("card-name").focus() };
}

/** @param {string} name @param {string | number} value */
const fact = (name, value) => [el("div", {}, el("dt", {}, t(name)), el("dd", {}, value))];

/** The step that makes a unit what the form says; nothing where it is so already. @param {import("./applying.js").Unit} unit @param {Record<string, any>} said */
function changed(unit, said) {
  const { name, code, kind, households } = unit.properties;
  const count = said.households === "" ? null : Number(said.households);
  const step = { kind: "rename", unit: unit.id,
    ...(said.name.trim() !== name ? { name: said.name.trim() } : {}), ...(said.code.trim() !== code ? { code: said.code.trim() } : {}),
    ...(said.kind !== undefined && said.kind.trim() !== kind ? { unit_kind: said.kind.trim() } : {}), ...(count !== households && count !== null ? { households: count } : {}) };
  return Object.keys(step).length > 2 ? step : null;
}

/** Units that may touch one; those whose boxes meet. @param {import("./draft.js").Draft} draft @param {import("./applying.js").Unit} unit */
export function neighboursOf(draft, unit) {
  const mine = new Set(ringsOf(unit.geometry).flatMap((ring) => ring.map(([x, y]) => `${x},${y}`)));
  return [...draft.shown.values()].filter((one) => one.id !== unit.id && meets(boxOf(one.geometry), boxOf(unit.geometry))
    && ringsOf(one.geometry).some((ring) => ring.some(([x, y]) => mine.has(`${x},${y}`))));
}
