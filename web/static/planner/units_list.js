/** The list of units: found by name or code, chosen by click or by the arrow keys. */

import { byId, el } from "../dom.js";
import { t } from "./strings.js";

const SHOWN = 80;

/** @param {import("./draft.js").Draft} draft @param {(key: string, isMore: boolean) => void} choose */
export function listUnits(draft, choose) {
  const field = /** @type {HTMLInputElement} */ (byId("search"));
  const list = byId("units");
  let due = false;

  const fits = () => {
    const words = field.value.trim().toLowerCase();
    const all = [...draft.shown.values()];
    return words ? all.filter(({ properties: one }) => one.name.toLowerCase().includes(words) || one.code.toLowerCase().includes(words)) : all;
  };
  const order = (/** @type {any} */ a, /** @type {any} */ b) => a.properties.code.localeCompare(b.properties.code) || a.properties.name.localeCompare(b.properties.name, "zh");

  function draw() {
    due = false;
    const found = fits().sort(order);
    const held = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.unit : undefined;
    list.replaceChildren(...found.slice(0, SHOWN).map(row));
    if (!found.length) list.append(el("li", { class: "soft" }, t("noUnits")));
    if (found.length > SHOWN) list.append(el("li", { class: "soft" }, t("moreUnits", { n: found.length - SHOWN })));
    if (held) list.querySelector(`[data-unit="${CSS.escape(held)}"]`)?.focus?.();
  }

  /** @param {import("./applying.js").Unit} unit */
  function row(unit) {
    const { name, code, households, state } = unit.properties;
    const chosen = draft.chosen.includes(unit.id);
    return el("li", {}, el("button", { type: "button", "data-unit": unit.id, "aria-pressed": String(chosen), class: `pl-unit is-${state}`, onclick: (/** @type {MouseEvent} */ event) => choose(unit.id, event.shiftKey || event.ctrlKey || event.metaKey) },
      el("span", { class: "pl-unit-name" }, name, state === "same" ? null : el("i", { class: "pl-chip" }, t(`change.${state}`))),
      el("small", {}, code, households === null ? "" : ` · ${t("householdsN", { n: households })}`)));
  }

  const later = () => {
    if (!due) requestAnimationFrame(draw);
    due = true;
  };
  field.addEventListener("input", later);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") draw(); // of what is written by now
    const first = event.key === "Enter" ? list.querySelector("button") : null;
    if (first) {
      first.click();
      byId("map_planner").focus();
    }
    if (event.key === "ArrowDown") /** @type {HTMLElement | null} */ (list.querySelector("button"))?.focus();
  });
  list.addEventListener("keydown", (event) => {
    const buttons = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("button")]);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement)) + step;
    (buttons[at] ?? field).focus();
  });
  for (const name of ["units", "chosen"]) draft.addEventListener(name, later);
  return { focus: () => field.focus() };
}
