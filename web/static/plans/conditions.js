/** Conditions for raising and ending a run: judged by a person, or measured. */

import { el } from "../dom.js";
import { button, choice, field, hooks, number, text, tick } from "./rows.js";
import { t } from "./strings.js";

const LEVELS = ["blue", "yellow", "orange", "red"].map((one) => ({ value: one, label: t(`level.${one}`) }));

/** Measured ones: what each begins with, and its fields. */
const FORMS = {
  below: { blank: { below: "yellow", for_h: 24 }, fields: ["below", "for_h", "for_min"] },
  unanswered: { blank: { unanswered_min: 15 }, fields: ["unanswered_min"] },
  stage: { blank: { stage_below_warning_m: 0.2, falling: true }, fields: ["stage_below_warning_m", "falling"] },
  depth: { blank: { depth_below_cm: 3, for_min: 30 }, fields: ["depth_below_cm", "for_min"] },
  rate: { blank: { rate_over: 1, unit: "m/h" }, fields: ["rate_over"] },
};
const FIRST = { below: "below", unanswered: "unanswered_min", stage: "stage_below_warning_m", depth: "depth_below_cm", rate: "rate_over" };
const FRACTIONS = new Set(["stage_below_warning_m", "rate_over", "depth_below_cm"]);

function kindOf(told) {
  if (typeof told === "string") return "said";
  if ("rule" in told) return "rule";
  return Object.keys(FIRST).find((kind) => FIRST[kind] in told) ?? "other";
}

/**
 * @param {any[]} list @param {string} at place of the list in the plan @param {any} choices
 * @returns {HTMLElement[]}
 */
export function conditionRows(list, at, choices) {
  const nodes = list.map((told, place) => el("div", { class: "ed-row" }, one(list, place, `${at}.#${place + 1}`, choices)));
  return [...nodes, el("p", { class: "buttons" }, button(t("addCondition"), () => { list.push(""); hooks.redraw(); }))];
}

function one(list, place, at, choices) {
  const told = list[place];
  const kind = { kind: kindOf(told) };
  const kinds = ["said", ...Object.keys(FORMS), "rule", ...(kind.kind === "other" ? ["other"] : [])];
  const select = choice(kind, "kind", kinds.map((name) => ({ value: name, label: t(name) })), null, () => {
    list[place] = blank(kind.kind, choices);
    hooks.redraw();
  });
  return el("div", { class: "ed-grid" }, field(t("kind"), at, select), ...inner(list, place, at, kind.kind, choices),
    el("div", { class: "ed-field" }, el("span", { class: "label" }, "\u00a0"),
      button(t("remove"), () => { list.splice(place, 1); hooks.redraw(); })));
}

function blank(kind, choices) {
  if (kind === "said") return "";
  return kind === "rule" ? { rule: choices.rules[0]?.value ?? 1, level: "red" } : { ...FORMS[kind].blank };
}

function inner(list, place, at, kind, choices) {
  const told = list[place];
  if (kind === "said") {
    const held = { text: told };
    const node = text(held, "text");
    node.addEventListener("input", () => { list[place] = node.value; });
    return [field(t("condition"), at, node, "is-half")];
  }
  if (kind === "rule") {
    return [field(t("rule"), at, choice(told, "rule", choices.rules), "is-half"), field(t("levelUp"), at, choice(told, "level", LEVELS))];
  }
  if (kind === "other") return [el("p", {}, JSON.stringify(told))];
  return FORMS[kind].fields.map((key) => field(t(`m.${key}`), at, control(told, key)));
}

function control(told, key) {
  if (key === "below") return choice(told, key, LEVELS);
  return key === "falling" ? tick(told, key, "") : number(told, key, { least: 0, whole: !FRACTIONS.has(key) });
}
