/** The page of one run: its head and acts, tasks and calls, conditions and signatures, the plan, what happened. */

import { byId, el } from "../dom.js";
import { addNote, addTask, answerFor, confirmRun, declineRun, levelRun, reassign, reviewRun, signRun, skipTask, terminateRun, tick } from "./acts.js";
import { follow, takeTime } from "./follow.js";
import { drawGround } from "./ground.js";
import { assignmentsOf, calledFor, chain, drillMark, levelOf, OVER, placeOf, tallyLine, threatenedIn, timeLeft } from "./parts.js";
import { drawPlan } from "./plan.js";
import { ask } from "./server.js";
import { language, t, word } from "./strings.js";
import { drawTimeline } from "./timeline.js";
import { countDown, runCountDowns, when } from "./times.js";

const number = Number(byId("head").dataset.run);
const PLACES = 8; // of a task, before the rest is folded
/** @type {() => void} */ let soon = () => {};
/** @type {Set<number>} tasks whose every place is shown */ const unfolded = new Set();

async function read() {
  try {
    const whole = await ask(`/api/runs/${number}`);
    takeTime(whole.now, whole.injected);
    draw(whole);
    document.body.dataset.ready = "";
  } catch (error) {
    byId("head").replaceChildren(el("p", { class: "gate-told" }, t("failed", { why: error instanceof Error ? error.message : String(error) })));
  }
}

/** @param {any} whole */
function draw(whole) {
  drawHead(whole);
  drawTasks(whole);
  drawConditions(whole);
  drawPlan(whole);
  drawTimeline(whole);
  drawGround(whole);
}

/** @param {any} whole */
function drawHead(whole) {
  const { lane, accounts } = whole;
  const { run } = lane;
  const head = byId("head");
  head.className = `due run-top level-${run.level}${run.exercise ? " is-drill" : ""}`;
  document.title = `${run.exercise ? "【演练】" : ""}${run.name} · ${word("level", run.level)}`;
  const how = run.started_by ? t("byHand", { who: accounts[run.started_by] ?? "" }) : t(run.reason ? "byHand" : "byAlert", { who: t("system") });
  head.replaceChildren(
    el("div", { class: "run-title" }, levelOf(run), drillMark(run), el("h2", {}, run.name), el("span", { class: "run-state" }, word("run", run.state))),
    el("p", { class: "lane-facts" }, el("span", {}, placeOf(run)), el("span", {}, t("since", { time: when(run.started_at) }), ` · ${how}`), timeOf(run), threatenedIn(run.threatened)),
    run.state === "proposed" ? el("p", { class: "confirm-line" }, countDown(run.confirm_by, "confirmIn", "confirmLate")) : tallyLine(lane),
    el("p", { class: "buttons" }, ...buttons(whole), el("a", { class: "button second", href: `/runs/${run.id}/report${language === "en" ? "?lang=en" : ""}` }, t("report"))));
}

/** @param {any} run */
function timeOf(run) {
  if (!run.ended_at) return null;
  const due = run.state === "terminated" && run.review_due_at ? ` · ${t("reviewDue", { time: when(run.review_due_at) })}` : "";
  return el("span", {}, t(run.state === "declined" ? "declinedAt" : "endedAt", { time: when(run.ended_at) }), due);
}

/** @param {any} whole */
function buttons(whole) {
  const { run, may } = whole.lane;
  if (!may.command) return [];
  const one = (/** @type {string} */ what, /** @type {() => void} */ act, kind = "second") => el("button", { type: "button", class: kind, id: `do-${what}`, onclick: act }, t(`do.${what}`));
  const note = one("note", () => addNote(run, soon));
  if (run.state === "proposed") return [one("confirm", () => confirmRun(run, soon), ""), one("decline", () => declineRun(run, soon)), note];
  if (run.state === "terminated") return [one("review", () => reviewRun(run, soon), ""), note];
  if (run.state !== "open") return [note];
  return [
    run.level === "red" ? null : one("raise", () => levelRun(run, true, soon), whole.lane.suggested ? "" : "second"),
    run.level === "blue" ? null : one("lower", () => levelRun(run, false, soon)),
    one("add", () => addTask(run, soon)), note,
    isComplete(whole) ? one("terminate", () => terminateRun(run, true, soon), "") : one("override", () => terminateRun(run, false, soon), "second danger"),
  ];
}

/** Whether what the plan asks for before the end is there; the server judges it once more. @param {any} whole */
function isComplete({ conditions, ends_when, signatures }) {
  const wanted = conditions.filter((/** @type {any} */ one) => one.purpose === "terminate");
  const met = wanted.filter((/** @type {any} */ one) => one.met_at);
  return signatures.length > 0 && (ends_when === "any" ? met.length > 0 : met.length === wanted.length);
}

/** @param {any} whole */
function drawTasks(whole) {
  const { lane, people } = whole;
  const titles = ["task", "place", "called", "progress", "left", ...(lane.may.command && lane.run.state === "open" ? ["acts"] : [])];
  byId("tasks").replaceChildren(el("h2", {}, t("tasks"), el("small", {}, lane.tasks.length)),
    el("table", { class: "grid task-grid" }, el("thead", {}, el("tr", {}, ...titles.map((name) => el("th", {}, t(name))))),
      ...lane.tasks.map((/** @type {any} */ task) => taskRows(task, lane, people))));
}

/** @param {any} task @param {any} lane @param {Record<string, string>} people */
function taskRows(task, lane, people) {
  const all = assignmentsOf(lane, task);
  const shown = unfolded.has(task.id) ? all : all.slice(0, PLACES);
  const acts = lane.may.command && lane.run.state === "open";
  const head = el("td", { class: "task-head", rowspan: Math.max(1, shown.length) }, el("b", {}, task.post), el("span", {}, task.what), notesOf(task),
    acts && !OVER.has(task.state) ? el("button", { type: "button", class: "small", onclick: () => skipTask(lane.run, task, soon) }, t("do.skip")) : null);
  if (!all.length) {
    const why = task.state === "skipped" || task.state === "stood_down" ? word("step", task.state) : whyNot(task, lane.tasks);
    return el("tbody", { class: `task is-${task.state}`, "data-task": task.id }, el("tr", {}, head, el("td", { class: "soft", colspan: acts ? 5 : 4 }, why)));
  }
  const rows = shown.map((one, i) => el("tr", { "data-assignment": one.id, class: one.overdue_at && !one.ended_at ? "is-late" : "" }, i === 0 ? head : null,
    el("td", { class: "task-place" }, one.place ?? "", one.round > 1 ? el("small", {}, t("round", { n: one.round })) : null),
    el("td", { class: "task-calls" }, calledFor(one, lane, people, task), upNext(one)),
    el("td", { class: "task-chain" }, chain(one, lane), one.result ? el("small", {}, one.result) : null),
    el("td", { class: "figure task-time" }, timeLeft(one)),
    acts ? el("td", { class: "row-acts" }, ...rowActs(lane.run, task, one)) : null));
  const more = all.length > PLACES ? [el("tr", {}, el("td", { colspan: acts ? 6 : 5 }, el("button", { type: "button", class: "small", onclick: () => fold(task.id) },
    unfolded.has(task.id) ? t("less") : t("more", { n: all.length - PLACES }))))] : [];
  return el("tbody", { class: `task is-${task.state}`, "data-task": task.id }, ...rows, ...more);
}

/** @param {number} task */
function fold(task) {
  if (!unfolded.delete(task)) unfolded.add(task);
  soon();
}

/** @param {any} run @param {any} task @param {any} one */
function rowActs(run, task, one) {
  if (one.ended_at) return [];
  const button = (/** @type {string} */ what, /** @type {() => void} */ act) => el("button", { type: "button", class: "small", onclick: act }, t(`do.${what}`));
  return [button("answer", () => answerFor(run, task, one, soon)), button("reassign", () => reassign(run, task, one, soon))];
}

/** @param {any} one */
function upNext(one) {
  return one.next_at && !one.acknowledged_at && Date.parse(one.next_at) > Date.parse(one.called_at ?? one.next_at)
    ? el("small", { class: "up-next" }, countDown(one.next_at, "nextRung", "nextRung")) : null;
}

/** @param {any} task */
function notesOf(task) {
  const told = [task.key, task.added ? t("addedTask") : "", task.post_id === null ? t("outside") : "",
    task.repeat_min ? t("everyMin", { n: task.repeat_min }) : task.limit_min ? t("within", { n: task.limit_min }) : "",
    task.from_level ? t("fromLevel", { level: word("level", task.from_level) }) : "",
    task.evidence ? t("evidence", { what: task.evidence }) : ""];
  return el("small", {}, told.filter(Boolean).join(" · "));
}

/** @param {any} task @param {any[]} tasks */
function whyNot(task, tasks) {
  const before = tasks.filter((one) => task.after.includes(one.key) && !OVER.has(one.state)).map((one) => one.key);
  return [t("notYet"), before.length ? t("after", { keys: before.join("、") }) : ""].filter(Boolean).join(" · ");
}

/** @param {any} whole */
function drawConditions(whole) {
  const { lane, conditions, signatures, signed_by, ends_when } = whole;
  const part = byId("conditions");
  part.hidden = !conditions.length && !signed_by;
  const list = (/** @type {string} */ purpose, /** @type {string} */ title) => {
    const found = conditions.filter((/** @type {any} */ one) => one.purpose === purpose);
    return found.length ? [el("h3", {}, t(title)), el("ul", { class: "rows conditions" }, ...found.map((/** @type {any} */ one) => condition(one, whole)))] : [];
  };
  part.replaceChildren(el("h2", {}, t("conditions"), lane.suggested ? el("strong", { class: "suggest" }, t("suggest")) : null),
    ...list("upgrade", "upgrade"), ...list("terminate", ends_when === "any" ? "terminateAny" : "terminateAll"),
    el("h3", {}, t("signatures", { post: signed_by })),
    el("ul", { class: "rows", id: "signatures" }, ...(signatures.length
      ? signatures.map((/** @type {any} */ one) => el("li", { class: "is-met" }, mark(true), el("div", {}, t("signedBy", { who: whole.accounts[one.actor] ?? "", time: when(one.time) }))))
      : [el("li", {}, mark(false), el("div", { class: "soft" }, t("unsigned")),
        lane.may.sign && lane.run.state === "open" ? el("button", { type: "button", class: "second", id: "do-sign", onclick: () => signRun(lane.run, soon) }, t("do.sign")) : null)])));
}

/** @param {boolean} met */
const mark = (met) => el("span", { class: `mark${met ? " is-met" : ""}`, "aria-hidden": "true" }, met ? "✓" : "");

/** @param {any} one @param {any} whole */
function condition(one, whole) {
  const { run, may } = whole.lane;
  const acts = may.command && run.state === "open" && !(one.met_at && one.met_by === null);
  const by = !one.met_at ? (one.measured ? t(one.untold ? "untold" : "measured") : "") : one.met_by
    ? t("metBy", { who: whole.accounts[one.met_by] ?? "", time: when(one.met_at) }) : `${t("measured")}，${t("metAt", { time: when(one.met_at) })}`;
  return el("li", { class: one.met_at ? "is-met" : "" }, mark(Boolean(one.met_at)),
    el("div", {}, one[language], el("small", {}, by)),
    acts && (!one.measured || one.untold || one.met_by) ? el("button", { type: "button", class: "second", onclick: () => tick(run, one, !one.met_at, soon) }, t(one.met_at ? "untick" : "tick")) : null);
}

runCountDowns();
soon = follow(read, (run) => run === number);
