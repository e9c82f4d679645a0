/** Everything that happened in a run, newest first: acts, levels, calls, answers. */

import { byId, el } from "../dom.js";
import { timeWithSeconds, shortDay } from "../format.js";
import { nameOf } from "./parts.js";
import { language, t, word } from "./strings.js";

const SHOWN = 40;
let all = false;

/** @param {any} whole */
export function drawTimeline(whole) {
  const rows = [...acts(whole), ...starts(whole), ...calls(whole), ...answers(whole)]
    .sort((a, b) => Date.parse(b.time) - Date.parse(a.time) || b.order - a.order);
  const shown = all ? rows : rows.slice(0, SHOWN);
  byId("timeline").replaceChildren(
    el("h2", {}, t("timeline"), el("small", {}, rows.length)),
    el("ol", { class: "timeline" }, ...shown.map(row)),
    whole.lane.assignments.some((/** @type {any} */ one) => one.round > 3) ? el("p", { class: "soft" }, t("olderRounds")) : "",
    rows.length > shown.length ? el("p", { class: "buttons" }, el("button", {
      type: "button", class: "second", onclick: () => { all = true; drawTimeline(whole); },
    }, t("showAll", { n: rows.length }))) : "");
}

/** @typedef {{ time: string, order: number, kind: string, what: string, who: string, more: string }} Row */

/** @param {Row} one */
function row(one) {
  const ms = Date.parse(one.time);
  return el("li", { class: `happened happened-${one.kind}` },
    el("time", { datetime: one.time }, timeWithSeconds(ms), el("small", {}, shortDay(ms))),
    el("span", {}, el("b", {}, one.what), one.more ? ` ${one.more}` : ""), el("small", { class: "who" }, one.who));
}

/** @param {any} whole @returns {Row[]} */
function acts(whole) {
  const tasks = new Map(whole.lane.tasks.map((/** @type {any} */ task) => [task.id, task]));
  return whole.acts.map((/** @type {any} */ act) => {
    const task = tasks.get(act.task_id);
    const early = act.kind === "terminated" && act.detail.override;
    return {
      time: act.time, order: 2, kind: act.kind, what: word("act", early ? "terminated_over" : act.kind),
      who: act.actor ? whole.accounts[act.actor] ?? "" : t("system"),
      more: [task ? `${task.key} ${task.post} · ${task.what}` : "", moreOf(act, whole), act.reason].filter(Boolean).join(language === "zh" ? "；" : "; "),
    };
  });
}

/** @param {any} act @param {any} whole */
function moreOf(act, whole) {
  if (act.kind === "raised" || act.kind === "lowered") return `${word("level", act.detail.from)} → ${word("level", act.detail.to)}`;
  if (act.kind.startsWith("condition_")) {
    const found = whole.conditions.find((/** @type {any} */ one) => one.purpose === act.detail.purpose && one.number === act.detail.number);
    return found ? found[language] : "";
  }
  if (act.kind === "reassigned") return `→ ${nameOf(act.detail.person, whole.people) ?? ""}`;
  if (act.kind === "noted") return whole.notes[act.detail.attachment] ?? t("noteGone");
  return "";
}

/** The start, and rises by alerts; those by people are among the acts. @param {any} whole @returns {Row[]} */
function starts(whole) {
  const said = new Set(["raised", "lowered", "terminated"]);
  return whole.transitions.filter((/** @type {any} */ one) => !said.has(one.reason)).map((/** @type {any} */ one) => ({
    time: one.time, order: 0, kind: one.reason === "started" ? "started" : "raised",
    what: t(one.reason === "started" ? "act.started" : "act.raised"),
    who: one.reason === "started" && whole.lane.run.started_by ? whole.accounts[whole.lane.run.started_by] ?? "" : t("byAlert"),
    more: [one.from_level === "none" ? word("level", one.to_level) : `${word("level", one.from_level)} → ${word("level", one.to_level)}`,
      one.reason === "started" ? whole.lane.run.reason : ""].filter(Boolean).join(language === "zh" ? "；" : "; "),
  }));
}

/** @param {any} whole */
function places(whole) {
  const tasks = new Map(whole.lane.tasks.map((/** @type {any} */ task) => [task.id, task]));
  return new Map(whole.lane.assignments.map((/** @type {any} */ one) => [one.id, `${tasks.get(one.task_id)?.key ?? ""} ${one.place ?? ""}`]));
}

/** @param {any} whole @returns {Row[]} */
function calls(whole) {
  const where = places(whole);
  const together = new Map(); // those of one assignment at one moment, as the same part
  for (const call of whole.lane.calls) {
    const key = `${call.assignment_id} ${call.called_at} ${call.part}`;
    together.set(key, [...(together.get(key) ?? []), call]);
  }
  return [...together.values()].map((/** @type {any[]} */ several) => {
    const [call] = several;
    const names = several.map((one) => nameOf(one.person_id, whole.people)).filter(Boolean);
    const channels = new Set(several.flatMap((one) => one.deliveries.filter((/** @type {any} */ way) => way.state !== "skipped").map((/** @type {any} */ way) => word("channel", way.channel))));
    return {
      time: call.called_at, order: 1, kind: "called", what: t("act.called"), who: t("system"),
      more: [where.get(call.assignment_id), language === "zh" ? `${names.join("、")}（${word("part", call.part)}）` : `${names.join(", ")} (${word("part", call.part)})`, [...channels].join(language === "zh" ? "、" : ", ")].filter(Boolean).join(language === "zh" ? "，" : ", "),
    };
  });
}

/** @param {any} whole @returns {Row[]} */
function answers(whole) {
  const where = places(whole);
  return whole.lane.answers.map((/** @type {any} */ one) => ({
    time: one.tapped_at, order: 3, kind: "answer", what: word("answer", one.kind),
    who: one.person_id ? nameOf(one.person_id, whole.people) ?? "" : `${whole.accounts[one.actor] ?? ""} ${t("atDesk")}`,
    more: [where.get(one.assignment_id), one.result, one.counted ? "" : t("uncounted")].filter(Boolean).join(" · "),
  }));
}
