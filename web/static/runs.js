/** Plans under way: each with its tasks, the ones still to be done by time left, who was called and who answered. */

import { byId, el } from "./dom.js";
import { fitRows, whenResized } from "./fitting.js";
import { dayAndTime, stretch } from "./format.js";
import { badge } from "./levels.js";
import { planName } from "./names.js";
import { answers, called } from "./now/answers.js";
import { drillMark } from "./now/incident_row.js";
import { now as telling, whenTold } from "./now/told.js";
import { now, store, when } from "./store.js";
import { t } from "./strings.js";

/** @typedef {{tasks: number, answers: boolean, slim?: boolean}} Shown slim: a line for each plan */
// Tasks of each plan, and whether their answers are told: as much as there is room for.
const SHOWN = /** @type {Shown[]} */ ([
  ...[5, 3, 2].map((tasks) => ({ tasks, answers: true })), { tasks: 2, answers: false },
  { tasks: 1, answers: true }, { tasks: 1, answers: false }, { tasks: 0, answers: false }, { tasks: 0, answers: false, slim: true },
]);
const OVER = new Set(["done", "skipped"]);

/** @typedef {import("./store.js").Run & {proposed?: import("./now/told.js").Lane}} Run */

/** Keep the plans up to date. */
export function drawRuns() {
  when("board", draw);
  whenTold(draw);
  whenResized(byId("runs"), draw);
  when("clock", countDown);
  setInterval(countDown, 1_000);
}

function draw() {
  if (!store.board) return;
  const runs = [...proposed(), ...store.board.runs];
  const list = el("div", { class: "lanes" });
  byId("runs").replaceChildren(
    el("h2", { class: "heading" }, t("runs"), el("small", {}, runs.length || t("none"))),
    runs.length ? list : el("p", { class: "quiet" }, t("runsQuiet")));
  for (const shown of SHOWN) {
    list.classList.toggle("slim", Boolean(shown.slim));
    list.replaceChildren(...runs.map((run) => lane(run, tasksOf(run), shown)));
    if (list.scrollHeight <= list.clientHeight + 1) break;
  }
  fitRows(list, (n) => t("moreRuns", { n }));
  countDown();
}

/** Plans that wait for a person to confirm them come first. @returns {Run[]} */
function proposed() {
  return (telling.told?.lanes ?? []).filter(({ state }) => state === "proposed").map((one) => ({ ...one, proposed: one }));
}

/** @param {Run} run */
const tasksOf = (run) => (store.board?.tasks ?? []).filter((task) => task.run_id === run.id && task.state !== "stood_down");

/** @param {Run} run */
const toldOf = (run) => telling.told?.lanes.find(({ id }) => id === run.id);

/** @param {Run} run @param {import("./store.js").Task[]} tasks @param {Shown} shown */
function lane(run, tasks, shown) {
  const open = tasks.filter((task) => !OVER.has(task.state));
  const done = tasks.length - open.length;
  const detail = toldOf(run);
  return el("article", { class: `run level-${run.level} ${run.exercise ? "is-drill" : ""}`, "data-lane": run.id },
    el("header", {},
      badge(run.level),
      el("h3", {}, run.exercise && drillMark(), planName(run.plan_id)),
      el("p", { class: "run-place" }, `${run.district ?? ""} ${run.township ?? ""}`,
        el("small", {}, t("since", { time: dayAndTime(Date.parse(run.started_at)) }))),
      run.proposed ? confirmBy(run.proposed) : el("span", { class: "run-done" }, t("tasksDone", { done, all: tasks.length }))),
    run.proposed || shown.slim ? null : el("progress", { value: done, max: Math.max(1, tasks.length) }),
    detail && detail.called > 0 && !shown.slim && el("p", { class: "run-called" }, called(detail)),
    el("ul", { class: "tasks" }, ...open.slice(0, shown.tasks).map((task) => row(task, shown.answers ? detail?.tasks.find(({ key }) => key === task.task_key) : undefined))));
}

/** @param {import("./now/told.js").Lane} run */
function confirmBy(run) {
  return el("span", { class: "run-done proposed" }, t("now.proposed"), run.confirm_by && el("span", { class: "task-left", "data-due": run.confirm_by }));
}

/** @param {import("./store.js").Task} task @param {import("./now/told.js").LaneTask | undefined} told */
function row(task, told) {
  return el("li", { class: "task" },
    el("span", { class: `task-state task-${task.state}` }, t(`task.${task.state}`)),
    el("span", { class: "task-what" }, el("b", {}, task.post), task.what),
    el("span", { class: "task-left", "data-due": task.due_at }, task.due_at ? "" : repeat(task)),
    told?.called ? answers(told, 1) : null);
}

/** @param {import("./store.js").Task} task */
function repeat(task) {
  return task.repeat_min ? t("every", { n: task.repeat_min }) : t("noLimit");
}

/** Every time that is left, wherever it stands. */
export function countDown() {
  for (const node of document.querySelectorAll("[data-due]")) {
    const left = Date.parse(/** @type {HTMLElement} */ (node).dataset.due ?? "") - now();
    node.textContent = t(left >= 0 ? "left" : "overdue", { time: stretch(left) });
    node.classList.toggle("overdue", left < 0);
  }
}
