/** The worker's page from its start: what the phone keeps is shown first, the network comes after. */

import { byId, el } from "../dom.js";
import { hush, openAlarm } from "./alarm.js";
import { openClock } from "./clock.js";
import { drawInstead, drawTasks, leaveTasks, markRead, openTask, tick } from "./cards.js";
import { fetchGrid, openGrid, showGridView } from "./grid.js";
import { openLine } from "./line.js";
import { hideMap, openMap } from "./map.js";
import { openPush } from "./push.js";
import { openQueue, queued, sendNow, setPerson } from "./queue.js";
import { leaveReport, openReport, reported, showReport } from "./report.js";
import { get, put } from "./store.js";
import { t } from "./strings.js";
import { answered, cards, forgetTasks, openTasks, takeAll, takeChanged } from "./tasks.js";

const VIEWS = ["tasks", "report", "grid"];
/** @type {"live" | "waiting" | "offline"} */
let link = navigator.onLine ? "waiting" : "offline";

async function start() {
  let open = false;
  let wanted = ""; // a tap before all is here counts
  for (const button of document.querySelectorAll(".tabs button")) button.addEventListener("click", () => {
    wanted = /** @type {HTMLElement} */ (button).dataset.view ?? "";
    if (open) show(wanted);
  });
  if (navigator.serviceWorker) void navigator.serviceWorker.register("/worker/sw.js", { scope: "/worker" });
  fontsWhereThereAreNone();
  const person = await get("facts", "person");
  setPerson(person ?? "");
  await openQueue({ outcome: told, change: () => { drawLink(); drawTasks(); } });
  await Promise.all([openClock(), openAlarm(), openGrid(), openReport(), openPush()]);
  await openTasks({ change: drawTasks, fresh: announce });
  openMap();
  open = true;
  if (wanted) show(wanted);
  addEventListener("worker-fault", (event) => say(/** @type {CustomEvent} */ (event).detail, true));
  document.addEventListener("visibilitychange", markRead);
  openLine({ tasks: begin, cards: takeChanged, link: setLink, refused });
  setInterval(tick, 1000);
  drawLink();
  document.body.dataset.ready = "";
}

/** A phone has Chinese letters of its own; a desk may have none, and gets ours. */
function fontsWhereThereAreNone() {
  if (/Android|iPhone|iPad|HarmonyOS/.test(navigator.userAgent)) return;
  const sheet = el("link", { rel: "stylesheet", href: "/vendor/noto-sans-sc/index.css" });
  // What was drawn before the sheet came keeps the letters that it had, until its font changes.
  sheet.addEventListener("load", () => { document.body.style.fontFamily = '"Noto Sans SC Variable", sans-serif'; });
  document.head.append(sheet);
}

/** @param {import("./line.js").Card[]} tasks @param {string} person */
async function begin(tasks, person) {
  const former = await get("facts", "person");
  if (former !== undefined && former !== person) await forgetTasks();
  setPerson(person);
  await put("facts", "person", person);
  drawInstead("");
  takeAll(tasks);
  sendNow();
  void fetchGrid();
}

/** @param {number} status */
function refused(status) {
  if (status === 409) drawInstead(t("noPerson"));
}

/** @param {import("./queue.js").Waiting} one @param {import("./queue.js").Outcome} outcome */
function told(one, outcome) {
  if (one.kind === "event") reported(one.key, outcome);
  if (one.kind === "answer" && outcome.taken) answered(one.body, outcome.state ?? "");
  const isShown = one.kind === "event" && !byId("view-report").hidden;
  if (!outcome.taken && !isShown) say(t("refused", { why: outcome.why ?? "" }), true);
}

/** @param {typeof link} state */
function setLink(state) {
  link = state;
  drawLink();
}

function drawLink() {
  const n = queued().length;
  byId("link").dataset.state = n ? "queued" : link;
  byId("link-text").textContent = link === "offline"
    ? (n ? t("offlineWaits", { n }) : t("offline"))
    : (n ? t("waits", { n }) : t(link));
}

/** A task that came while the page was open. @param {import("./line.js").Card} card */
function announce(card) {
  if (cards.size === 1 && !byId("view-tasks").hidden) return; // it is before their eyes
  const banner = byId("banner");
  banner.className = `banner level-${card.level}`;
  banner.replaceChildren(el("span", {}, t("newTask", { what: card.what })),
    el("button", { type: "button", onclick: () => { banner.hidden = true; show("tasks"); openTask(card.id); } }, t("look")));
  banner.hidden = false;
}

/** @param {string} text @param {boolean} isFault */
function say(text, isFault) {
  const banner = byId("banner");
  banner.className = `banner${isFault ? " is-fault" : ""}`;
  banner.replaceChildren(el("span", {}, text), el("button", { type: "button", onclick: () => { banner.hidden = true; } }, "✕"));
  banner.hidden = false;
}

/** @param {string} name */
function show(name) {
  hush();
  for (const view of VIEWS) byId(`view-${view}`).hidden = view !== name;
  for (const button of document.querySelectorAll(".tabs button")) {
    if (/** @type {HTMLElement} */ (button).dataset.view === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  byId("heading").textContent = t(name);
  leaveTasks();
  leaveReport();
  hideMap();
  scrollTo(0, 0);
  if (name === "report") void showReport();
  if (name === "grid") void showGridView();
  markRead();
}

void start();
