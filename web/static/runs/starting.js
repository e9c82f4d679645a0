/** Starting a plan by hand: township, plan, level, a reason of one tap; grids where it is not all of the township. */

import { byId, el } from "../dom.js";
import { LEVELS } from "../levels.js";
import { askFor, field, select } from "./dialog.js";
import { ask, send } from "./server.js";
import { language, t, word } from "./strings.js";

/** Open the form where the button is clicked; it goes to the run that it started. */
export function offerStart() {
  document.getElementById("start")?.addEventListener("click", () => startForm());
}

function startForm() {
  const townships = [.../** @type {HTMLDataListElement} */ (byId("townships")).options];
  const few = townships.length <= 60;
  const where = few
    ? select(townships.map((one) => [one.value, one.text]))
    : el("input", { list: "townships", required: "", maxlength: 60, autocomplete: "off" });
  const rest = el("div", { class: "own-form start-rest" });
  const dialog = askFor({
    title: t("do.start"), fields: [field("township", t("township"), where), rest], reasons: "start", act: started,
  });
  const load = () => choices(/** @type {HTMLInputElement} */ (where).value, rest, dialog);
  where.addEventListener("change", load);
  if (few) load();
}

/** @param {string} township @param {HTMLElement} rest @param {HTMLDialogElement} dialog */
async function choices(township, rest, dialog) {
  if (!township) return;
  try {
    const found = await ask(`/api/run-choices?division=${encodeURIComponent(township)}`);
    rest.replaceChildren(...(found.plans.length ? fieldsOf(found, dialog) : [el("p", { class: "soft" }, t("noPlans"))]));
  } catch (error) {
    rest.replaceChildren(el("p", { class: "gate-told" }, error instanceof Error ? error.message : String(error)));
  }
}

/** @param {any} found @param {HTMLDialogElement} dialog */
function fieldsOf(found, dialog) {
  const plan = /** @type {HTMLSelectElement} */ (select(found.plans.map((/** @type {any} */ one) => [one.code, `${one.name}（${one.code}）`])));
  const level = el("select", {});
  const fill = () => {
    const words = found.plans.find((/** @type {any} */ one) => one.code === plan.value).levels;
    level.replaceChildren(...[...LEVELS].reverse().map((one) =>
      el("option", { value: one }, `${word("level", one)} ${word("response", one)}${words[one] ? `：${words[one]}` : ""}`)));
  };
  plan.addEventListener("change", fill);
  fill();
  return [field("plan", t("plan"), plan), field("level", t("level"), level), kinds(dialog), found.grids.length ? grids(found.grids) : el("span", {})];
}

/** @param {HTMLDialogElement} dialog */
function kinds(dialog) {
  const one = (/** @type {string} */ value, /** @type {string} */ text, /** @type {boolean} */ chosen) => el("label", { class: "tick-line" },
    el("input", { type: "radio", name: "kind", value, checked: chosen ? "" : null, onchange: () => dialog.classList.toggle("is-drill", value === "drill") }), text);
  return el("fieldset", { class: "kinds" }, el("legend", {}, t("kind")), one("real", t("real"), true), one("drill", t("isDrill"), false));
}

/** @param {any[]} found */
function grids(found) {
  return el("details", { class: "grids" }, el("summary", {}, t("grids"), " ", el("small", {}, t("allTownship"))),
    el("div", { class: "grid-ticks" }, ...found.map((grid) => el("label", { class: "tick-line" },
      el("input", { type: "checkbox", name: "grids", value: grid.id }), `${grid.village ?? ""} ${grid.name}`))));
}

/** @param {Record<string, any>} said */
async function started({ township, plan, level, kind, grids: ticked, reason }) {
  if (!plan) throw new Error(t("choosePlan"));
  const ids = (ticked === undefined ? [] : [ticked].flat()).map(Number);
  const { run_id } = await send("/api/runs", { plan, township, level, reason, grids: ids, drill: kind === "drill" });
  location.assign(`/runs/${run_id}${language === "en" ? "?lang=en" : ""}`);
}
