/** What both pages show of a run: its head, its tasks, who was called, how far they are. */

import { el } from "../dom.js";
import { badge } from "../levels.js";
import { t, word, language } from "./strings.js";
import { countDown, lasted, when } from "./times.js";

export const STEPS = ["called", "delivered", "read", "acknowledged", "on_site", "done"];
export const OVER = new Set(["done", "skipped", "stood_down"]);

/** @param {any} run */
export function levelOf(run) {
  return el("span", { class: "run-level" }, badge(run.level), el("small", {}, word("response", run.level)));
}

/** @param {any} run */
export const drillMark = (run) => run.exercise && el("strong", { class: "drill-mark" }, t("drill"));

/** @param {any} run */
export const placeOf = (run) => [run.district, run.township].filter(Boolean).join(language === "zh" ? "" : " ");

/** @param {Record<string, number> | null} threatened */
export function threatenedIn(threatened) {
  const told = Object.entries(threatened ?? {}).map(([key, n]) => (word("threatened", key) === key ? `${key} ${n}` : t(`threatened.${key}`, { n })));
  return told.length ? el("span", { class: "threatened" }, `${t("threatened")} `, el("b", {}, told.join(language === "zh" ? "，" : ", "))) : null;
}

/** The newest round in each place. @param {any} lane @param {any} task */
export function assignmentsOf(lane, task) {
  const newest = new Map();
  for (const one of lane.assignments) {
    if (one.task_id !== task.id) continue;
    if (!newest.has(one.division_id) || newest.get(one.division_id).round < one.round) newest.set(one.division_id, one);
  }
  return [...newest.values()].sort((a, b) => Number(a.ended_at !== null) - Number(b.ended_at !== null));
}

const GONE = new Set(["sent", "delivered", "read"]);

/** Called, and no message has gone out yet? @param {any} one an assignment @param {any} lane */
const isCalling = (one, lane) => one.state === "called" && !lane.calls.some((/** @type {any} */ call) =>
  call.assignment_id === one.id && call.deliveries.some((/** @type {any} */ way) => GONE.has(way.state)));

/** How far it is, as six steps, with the one that it stands at in words. @param {any} one an assignment @param {any} lane */
export function chain(one, lane) {
  const calling = isCalling(one, lane);
  const at = calling ? -1 : STEPS.indexOf(one.state);
  const off = one.state === "skipped" || one.state === "stood_down";
  const told = word("step", calling ? "calling" : one.state);
  return el("span", { class: `chain${off ? " is-off" : ""}`, role: "img", "aria-label": told },
    ...STEPS.map((step, i) => el("i", { class: i <= at ? (i >= 3 ? "is-answered" : "is-told") : "" })),
    el("b", {}, told));
}

/** Who was called by which channel, and who answered after how long. @param {any} one @param {any} lane @param {Record<string, string>} people @param {any} task @param {boolean} [brief] */
export function calledFor(one, lane, people, task, brief = false) {
  const calls = lane.calls.filter((/** @type {any} */ call) => call.assignment_id === one.id);
  if (!calls.length) {
    return el("span", { class: "soft" }, task.post_id === null && !one.ended_at ? t("callByHand") : answeredBy(one, lane, people) ?? t("nobodyCalled"));
  }
  return el("ul", { class: "calls" }, ...calls.map((/** @type {any} */ call) => callRow(call, one, people, brief)), deskRow(one, lane));
}

/** @param {any} call @param {any} one @param {Record<string, string>} people @param {boolean} brief without what was passed over */
function callRow(call, one, people, brief) {
  const taken = call.deliveries.filter((/** @type {any} */ way) => way.state !== "skipped");
  const ways = brief && taken.length ? taken : call.deliveries;
  const answered = call.person_id !== null && call.person_id === one.person_id && one.acknowledged_at;
  return el("li", { class: `${call.ended_at && !answered ? "is-past" : ""}${answered ? " has-answered" : ""}` },
    el("span", { class: "who" }, nameOf(call.person_id, people) ?? word("part", call.part), el("small", {}, word("part", call.part))),
    el("span", { class: "ways" }, ...ways.map(delivery)),
    answered ? el("b", { class: "answer" }, t("answeredAfter", { time: lasted(one.called_at ?? call.called_at, one.acknowledged_at) })) : null);
}

/** @param {any} one @param {any} lane */
function deskRow(one, lane) {
  const atDesk = lane.answers.some((/** @type {any} */ answer) => answer.assignment_id === one.id && answer.person_id === null && answer.counted);
  return atDesk ? el("li", { class: "has-answered" }, el("b", { class: "answer" }, t("atDesk"))) : null;
}

/** @param {any} one @param {any} lane @param {Record<string, string>} people */
function answeredBy(one, lane, people) {
  if (!one.acknowledged_at) return null;
  const atDesk = lane.answers.some((/** @type {any} */ answer) => answer.assignment_id === one.id && answer.person_id === null);
  return `${atDesk ? t("atDesk") : nameOf(one.person_id, people) ?? ""} ${when(one.acknowledged_at)}`;
}

/** @param {any} way a delivery */
function delivery(way) {
  const state = word("delivery", way.state);
  const passed = way.state === "skipped"; // struck out, and why on pointing at it
  return el("span", { class: `way way-${way.state}`, title: [state, word("why", way.detail)].filter(Boolean).join(language === "zh" ? "：" : ": "), "aria-label": `${word("channel", way.channel)} ${state}` },
    word("channel", way.channel), passed ? null : el("small", {}, state), way.repeated ? el("small", {}, `×${way.repeated + 1}`) : null);
}

/** @param {string | null} id @param {Record<string, string>} people */
export const nameOf = (id, people) => (id === null ? null : people[id] ?? null);

/** What is left of its time, or how late it was. @param {any} one an assignment */
export function timeLeft(one) {
  if (one.state === "skipped" || one.state === "stood_down") return el("span", { class: "soft" }, "—");
  if (one.ended_at) {
    const late = Date.parse(one.ended_at) > Date.parse(one.due_at);
    return el("span", { class: late ? "count-down is-over" : "soft" }, late ? t("late", { time: lasted(one.due_at, one.ended_at) }) : t("inTime"));
  }
  return countDown(one.due_at);
}

/** How many tasks are done, answered, late. @param {any} lane */
export function tally(lane) {
  const counted = lane.tasks.filter((/** @type {any} */ task) => task.state !== "stood_down");
  const done = counted.filter((/** @type {any} */ task) => task.state === "done" || task.state === "skipped").length;
  const called = lane.assignments.filter((/** @type {any} */ one) => one.called_at && one.state !== "stood_down");
  const answered = called.filter((/** @type {any} */ one) => one.acknowledged_at).length;
  const late = lane.assignments.filter((/** @type {any} */ one) => one.overdue_at && !one.ended_at).length;
  return { done, all: counted.length, answered, called: called.length, late };
}

/** @param {any} lane */
export function tallyLine(lane) {
  const { done, all, answered, called, late } = tally(lane);
  return el("p", { class: "tally-line" },
    el("span", {}, t("tasksDone", { done, all })),
    called ? el("span", {}, t("answered", { n: answered, all: called })) : null,
    late ? el("span", { class: "is-over" }, t("overdueN", { n: late })) : null,
    lane.suggested ? el("strong", { class: "suggest" }, t("suggest")) : null);
}
