/** What starts a plan: rules, official warnings, reports, and groups of these. */

import { el } from "../dom.js";
import { button, choice, field, hooks, text } from "./rows.js";
import { t } from "./strings.js";

const LEVELS = ["blue", "yellow", "orange", "red"];
const KINDS = ["rule", "official", "report", "group"];

const levelOptions = (levels) => levels.map((one) => ({ value: one, label: t(`level.${one}`) }));

/** Which of the kinds a condition is. */
const kindOf = (part) => ("any" in part || "all" in part ? "group" : KINDS.find((one) => one in part) ?? "rule");

/** The list of a group, whichever word it has. @returns {[string, any[]]} */
function listOf(group) {
  const word = "all" in group ? "all" : "any";
  if (!Array.isArray(group[word])) group[word] = [];
  return [word, group[word]];
}

/**
 * The whole trigger; one that is a single condition becomes a group of one.
 * @param {Record<string, any>} trigger @param {any} choices
 */
export function triggerForm(trigger, choices) {
  for (const kind of ["rule", "official", "report"]) {
    if (kind in trigger) {
      const part = { [kind]: trigger[kind], ...(trigger.level ? { level: trigger.level } : {}) };
      delete trigger[kind];
      delete trigger.level;
      trigger.any = [part];
    }
  }
  return group(trigger, choices, "trigger", 0);
}

function group(of, choices, at, depth) {
  const [word, list] = listOf(of);
  const relation = { relation: word };
  const told = choice(relation, "relation", ["any", "all"].map((one) => ({ value: one, label: t(one) })), null, () => {
    delete of[word];
    of[relation.relation] = list;
    hooks.redraw();
  });
  const parts = list.map((part, place) => el("div", { class: "ed-row" },
    one(part, place, list, choices, `${at}.${place + 1}`, depth)));
  return el("div", { class: depth ? "ed-group" : "ed-group is-top" },
    el("div", { class: "ed-grid" }, field(t("relation"), at, told)), ...parts,
    el("p", { class: "buttons" }, button(t("addCondition"), () => { list.push({ rule: choices.rules[0]?.value ?? 1,
      level: "yellow" }); hooks.redraw(); })));
}

function one(part, place, list, choices, at, depth) {
  const kind = { kind: kindOf(part) };
  const kinds = KINDS.filter((name) => name !== "group" || depth < 3);
  const told = choice(kind, "kind", kinds.map((name) => ({ value: name, label: t(name) })), null, () => {
    list[place] = blank(kind.kind, choices);
    hooks.redraw();
  });
  const remove = button(t("remove"), () => { list.splice(place, 1); hooks.redraw(); });
  const head = el("div", { class: "ed-grid" }, field(t("kind"), `${at}.kind`, told), ...inner(part, choices, at), 
    el("div", { class: "ed-field" }, el("span", { class: "label" }, "\u00a0"), remove));
  return kind.kind === "group" ? el("div", { class: "ed-group" }, head, group(part, choices, at, depth + 1)) : head;
}

function blank(kind, choices) {
  if (kind === "rule") return { rule: choices.rules[0]?.value ?? 1, level: "yellow" };
  if (kind === "group") return { all: [{ rule: choices.rules[0]?.value ?? 1, level: "yellow" }] };
  return kind === "official" ? { official: choices.officials[0] ?? "", level: "orange" } : { report: "" };
}

function inner(part, choices, at) {
  if ("rule" in part) {
    const rule = choices.rules.find((each) => each.value === part.rule);
    return [
      field(t("rule"), at, choice(part, "rule", choices.rules, null, (found) => {
        if (found && !found.levels.includes(part.level)) part.level = found.levels[0];
        hooks.redraw();
      }), "is-half"),
      field(t("levelUp"), `${at}.level`, choice(part, "level", levelOptions(rule ? rule.levels : LEVELS))),
    ];
  }
  if ("official" in part) {
    return [field(t("code"), at, text(part, "official", { maxlength: 20 })),
      field(t("levelUp"), `${at}.level`, choice(part, "level", levelOptions(LEVELS), t("anyLevel")))];
  }
  return "report" in part ? [field(t("words"), at, text(part, "report"), "is-half")] : [];
}
