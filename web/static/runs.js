/** Plans under way: each with its tasks, the ones still to be done by time left. */

import { byId, el } from "./dom.js";
import { dayAndTime, stretch } from "./format.js";
import { badge } from "./levels.js";
import { now, store, when } from "./store.js";
import { t, word } from "./strings.js";

const SHOWN = 4;
const OVER = new Set(["done", "skipped"]);

/** Keep the plans up to date. */
export function drawRuns() {
  when("board", draw);
  when("clock", countDown);
  setInterval(countDown, 1_000);
}

function draw() {
  if (!store.board) return;
  const { runs, tasks } = store.board;
  byId("runs").replaceChildren(
    el("h2", { class: "heading" }, t("runs"), el("small", {}, runs.length || t("none"))),
    ...(runs.length ? runs.map((run) => lane(run, tasks.filter((task) => task.run_id === run.id)))
      : [el("p", { class: "quiet" }, t("runsQuiet"))]));
  countDown();
}

/** @param {import("./store.js").Run} run @param {import("./store.js").Task[]} tasks */
function lane(run, tasks) {
  const open = tasks.filter((task) => !OVER.has(task.state));
  const done = tasks.length - open.length;
  return el("article", { class: `run level-${run.level}` },
    el("header", {},
      badge(run.level),
      el("h3", {}, word("plan", run.plan_id), el("small", {}, `${run.district ?? ""} ${run.township ?? ""}`)),
      el("span", { class: "run-done" }, t("tasksDone", { done, all: tasks.length }),
        el("small", {}, t("since", { time: dayAndTime(Date.parse(run.started_at)) })))),
    el("progress", { value: done, max: Math.max(1, tasks.length) }),
    el("ul", { class: "tasks" }, ...open.slice(0, SHOWN).map(row)),
    open.length > SHOWN && el("p", { class: "more" }, t("moreTasks", { n: open.length - SHOWN })));
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
