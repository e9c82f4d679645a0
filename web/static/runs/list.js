/** The page of all runs: to be confirmed first, then what is under way in lanes, then what is over. */

import { byId, el } from "../dom.js";
import { confirmRun, declineRun } from "./acts.js";
import { follow, takeTime } from "./follow.js";
import { assignmentsOf, calledFor, chain, drillMark, levelOf, OVER, placeOf, tallyLine, threatenedIn, timeLeft } from "./parts.js";
import { ask } from "./server.js";
import { offerStart } from "./starting.js";
import { language, t, word } from "./strings.js";
import { countDown, runCountDowns, when } from "./times.js";

const ROWS = 6; // tasks of a lane, before the rest is behind its page
const form = /** @type {HTMLFormElement} */ (byId("filters"));
/** @type {() => void} */ let soon = () => {};
/** @type {any[]} */ let older = [];

/** @param {number} [before] */
function address(before) {
  const asked = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (value) asked.set(name, String(value));
  if (before) asked.set("before", String(before));
  return `/api/runs?${asked}`;
}

async function read() {
  try {
    const told = await ask(address());
    takeTime(told.now, told.injected);
    drawLanes(told);
    older = told.closed;
    drawClosed(told.more);
    document.body.dataset.ready = "";
  } catch (error) {
    byId("closed").replaceChildren(el("p", { class: "gate-told" }, t("failed", { why: error instanceof Error ? error.message : String(error) })));
  }
}

/** @param {any} told */
function drawLanes({ lanes, people }) {
  const proposed = lanes.filter((/** @type {any} */ lane) => lane.run.state === "proposed");
  const open = lanes.filter((/** @type {any} */ lane) => lane.run.state === "open");
  byId("lanes").replaceChildren(
    ...(proposed.length ? [el("h2", { class: "lanes-title" }, t("toConfirm"), el("small", {}, proposed.length)), ...proposed.map(toConfirm)] : []),
    el("h2", { class: "lanes-title" }, t("underWay"), el("small", {}, open.length || t("none"))),
    ...(open.length ? open.map((/** @type {any} */ lane) => laneOf(lane, people)) : [el("p", { class: "soft" }, t("quiet"))]));
}

/** @param {any} run */
const way = (run) => `/runs/${run.id}${language === "en" ? "?lang=en" : ""}`;

/** @param {any} run */
function head(run) {
  return el("header", {}, levelOf(run), drillMark(run),
    el("h3", {}, el("a", { href: way(run) }, run.name)),
    el("span", { class: "lane-place" }, placeOf(run)));
}

/** @param {any} lane */
function toConfirm({ run, may }) {
  return el("article", { class: `lane proposed level-${run.level}${run.exercise ? " is-drill" : ""}`, "data-run": run.id }, head(run),
    el("p", { class: "confirm-line" }, countDown(run.confirm_by, "confirmIn", "confirmLate"), threatenedIn(run.threatened)),
    may.command && el("p", { class: "buttons" },
      el("button", { type: "button", onclick: () => confirmRun(run, soon) }, t("do.confirm")),
      el("button", { type: "button", class: "second", onclick: () => declineRun(run, soon) }, t("do.decline"))));
}

/** @param {any} lane @param {Record<string, string>} people */
function laneOf(lane, people) {
  const { run } = lane;
  const rows = lane.tasks.filter((/** @type {any} */ task) => task.started_at && !OVER.has(task.state))
    .flatMap((/** @type {any} */ task) => assignmentsOf(lane, task).filter((one) => !one.ended_at).map((one) => ({ task, one })))
    .sort((/** @type {any} */ a, /** @type {any} */ b) => Date.parse(a.one.due_at) - Date.parse(b.one.due_at));
  return el("article", { class: `lane level-${run.level}${run.exercise ? " is-drill" : ""}`, "data-run": run.id }, head(run),
    el("p", { class: "lane-facts" }, el("span", {}, t("since", { time: when(run.started_at) })), threatenedIn(run.threatened)), tallyLine(lane),
    el("ul", { class: "lane-tasks" }, ...rows.slice(0, ROWS).map(({ task, one }) => el("li", {},
      el("span", { class: "lane-what" }, el("b", {}, task.post), ` ${task.what}`, el("small", {}, one.place ?? "")),
      calledFor(one, lane, people, task, true), chain(one, lane), timeLeft(one)))),
    rows.length > ROWS ? el("p", {}, el("a", { href: way(run) }, t("more", { n: rows.length - ROWS }))) : null);
}

/** @param {boolean} more */
function drawClosed(more) {
  const rows = older.map((run) => el("tr", { class: run.exercise ? "is-drill" : "" },
    el("td", { class: "head" }, drillMark(run), el("a", { href: way(run) }, run.name)),
    el("td", { "data-word": t("place") }, placeOf(run)),
    el("td", { "data-word": t("level") }, levelOf(run)),
    el("td", { "data-word": t("state") }, word("run", run.state), dueOf(run)),
    el("td", { "data-word": t("start"), class: "figure" }, when(run.started_at)),
    el("td", { "data-word": t("end"), class: "figure" }, run.ended_at ? when(run.ended_at) : "")));
  const titles = ["plan", "place", "level", "state", "start", "end"].map((name) => el("th", {}, t(name)));
  byId("closed").replaceChildren(
    rows.length ? el("table", { class: "grid", id: "over" }, el("thead", {}, el("tr", {}, ...titles)), el("tbody", {}, ...rows)) : el("p", { class: "soft" }, t("nothingOver")),
    more ? el("p", { class: "buttons" }, el("button", { type: "button", class: "second", onclick: readOlder }, t("older"))) : "");
}

/** @param {any} run */
function dueOf(run) {
  return run.state === "terminated" && run.review_due_at ? el("small", {}, " ", countDownTo(run.review_due_at)) : null;
}

/** @param {string} iso */
function countDownTo(iso) {
  return Date.parse(iso) > Date.now() ? t("reviewDue", { time: when(iso) }) : countDown(iso, "reviewLate", "reviewLate");
}

async function readOlder() {
  const told = await ask(address(older[older.length - 1].id));
  older = [...older, ...told.closed];
  drawClosed(told.more);
}

form.addEventListener("submit", (event) => { event.preventDefault(); read(); });
offerStart();
runCountDowns();
soon = follow(read, () => true);
