/** One rule in words: what raises it, what clears it, whom it judges and whom it must not. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { badge, LEVELS } from "../levels.js";
import { language } from "../strings.js";
import { ruleOf, state } from "./draft.js";
import { inWords } from "./faults.js";
import { t, word } from "./strings.js";

/** @param {string} file */
export function reading(file) {
  const rule = ruleOf(file);
  if (!rule) return el("div", { class: "reading" }, el("p", { class: "quiet" }, t("notSound")));
  const said = rule.said[language];
  const unsound = state.changes.has(file) && !state.said.has(file) && state.changes.get(file) !== null;
  return el(
    "div",
    { class: "reading" },
    unsound && el("p", { class: "quiet" }, t("notSound")),
    el("ul", { class: "said" }, ...[...LEVELS].reverse().filter((level) => said.levels[level]).map((level) => line(level, said.levels[level]))),
    said.terms && el("p", { class: "terms" }, said.terms),
    said.overrides.length > 0 && el("ul", { class: "overrides" }, ...said.overrides.map((/** @type {string} */ one) => el("li", {}, one))),
    el("p", { class: "action" }, el("small", {}, `${t("firstAction")} `), rule.first_action[language]),
    rule.kind !== "warning" && scope(rule.scope), // a warning says itself whom it is for
  );
}

/** @param {import("../levels.js").Level} level @param {string} sentence */
const line = (level, sentence) => el("li", {}, badge(level), el("span", {}, sentence));

/** @param {any} judged */
function scope(judged) {
  const who = Object.entries(judged.subjects).map(([kind, n]) => word("subject", kind, { n: count(n) }));
  if (judged.districts) who.push(t("townshipsOf", { n: count(judged.townships) }), t("districtsOf", { n: count(judged.districts) }));
  return el(
    "div",
    { class: "scope" },
    el("p", {}, Object.keys(judged.subjects).length ? t("judges", { who: who.join(" · ") }) : t("judgesNothing")),
    ...judged.refused.map(refused),
  );
}

/** @param {{ reason: string, count: number, sensors: string[] }} one */
function refused(one) {
  const more = one.count - one.sensors.length;
  const names = one.sensors.join(language === "zh" ? "、" : ", ") + (more > 0 ? ` ${t("andMore", { n: count(more) })}` : "");
  return el("p", { class: "refused" }, el("b", {}, t("refused", { n: count(one.count) })), ` ${inWords(one, "reason")}`, el("small", {}, names));
}
