/** Plans under way: each with its tasks, the ones still to be done by time left. */

import { byId, el } from "./dom.js";
import { fitRows, whenResized } from "./fitting.js";
import { dayAndTime, stretch } from "./format.js";
import { badge } from "./levels.js";
import { planName } from "./names.js";
import { now, store, when } from "./store.js";
import { t } from "./strings.js";

const SHOWN = [5, 3, 2, 1]; // tasks of each plan: as many as there is room for
const OVER = new Set(["done", "skipped"]);

/** Keep the plans up to date. */
export function drawRuns() {
  when("board", draw);
  whenResized(byId("runs"), draw);
  when("clock", countDown);
  setInterval(countDown, 1_000);
}

function draw() {
  if (!store.board) return;
  const { runs } = store.board;
  const list = el("div", { class: "lanes" });
  byId("runs").replaceChildren(
    el("h2", { class: "heading" }, t("runs"), el("small", {}, runs.length || t("none"))),
    runs.length ? list : el("p", { class: "quiet" }, t("runsQuiet")));
  for (const shown of SHOWN) {
    list.replaceChildren(...runs.map((run) => lane(run, tasksOf(run), shown)));
    if (list.scrollHeight <= list.clientHeight + 1) break;
  }
  fitRows(list, (n) => t("moreRuns", { n }));
  countDown();
}

/** @param {import("./store.js").Run} run */
const tasksOf = (run) => (store.board?.tasks ?? []).filter((task) => task.run_id === run.id && task.state !== "stood_down");

/** @param {import("./store.js").Run} run @param {import("./store.js").Task[]} tasks @param {number} shown */
function lane(run, tasks, shown) {
  const open = tasks.filter((task) => !OVER.has(task.state));
  const done = tasks.length - open.length;
  return el("article", { class: `run level-${run.level}` },
    el("header", {},
      badge(run.level),
      el("h3", {}, planName(run.plan_id)),
      el("p", { class: "run-place" }, `${run.district ?? ""} ${run.township ?? ""}`,
        el("small", {}, t("since", { time: dayAndTime(Date.parse(run.started_at)) }))),
      el("span", { class: "run-done" }, t("tasksDone", { done, all: tasks.length }))),
    el("progress", { value: done, max: Math.max(1, tasks.length) }),
    el("ul", { class: "tasks" }, ...open.slice(0, shown).map(row)));
}

/** @param {import("./store.js").Task} task */
function row(task) {
  return el("li", { class: "task" },
    el("span", { class: `task-state task-${task.state}` }, t(`task.${task.state}`)),
    el("span", { class: "task-what" }, el("b", {}, task.post), task.what),
    el("span", { class: "task-left", "data-due": task.due_at }, task.due_at ? "" : repeat(task)));
}

/** @param {import("./store.js").Task} task */
function repeat(task) {
  return task.repeat_min ? t("every", { n: task.repeat_min }) : t("noLimit");
}

function countDown() {
  for (const node of document.querySelectorAll("[data-due]")) {
    const left = Date.parse(/** @type {HTMLElement} */ (node).dataset.due ?? "") - now();
    node.textContent = t(left >= 0 ? "left" : "overdue", { time: stretch(left) });
    node.classList.toggle("overdue", left < 0);
  }
}
