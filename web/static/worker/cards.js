/** The list of tasks, drawn: each card with one big button, the next step. */

import { byId, el, svg } from "../dom.js";
import { hush } from "./alarm.js";
import { attachTools } from "./attach.js";
import { now, ofDay, span } from "./clock.js";
import { receipt } from "./line.js";
import { hideMap, showPlace } from "./map.js";
import { t } from "./strings.js";
import { answer, areKnown, cards, finished, inOrder, nextStep, standing } from "./tasks.js";

/** @typedef {import("./line.js").Card} Card */

const GUARD_MS = 900; // a second tap so soon after the first was not meant for the button that came in its place
const SHAPES = {
  red: "M8 1.5h8L22.5 8v8L16 22.5H8L1.5 16V8Z",
  orange: "M12 .8 23.2 12 12 23.2.8 12Z",
  yellow: "M12 1.6 23.4 22H.6Z",
  blue: "M12 2a10 10 0 1 1 0 20 10 10 0 1 1 0-20Z",
};

/** @type {Map<number, {node: HTMLElement, drawn: string}>} */
const nodes = new Map();
/** @type {number | null} */
let opened = null;
/** @type {number | null} */
let asking = null; // of which card: whether they really cannot
/** @type {number | null} */
let mapped = null;
let tappedAt = -Infinity;
let message = "";

/** Draw what changed. */
export function drawTasks() {
  const list = byId("tasks");
  if (message) return void list.replaceChildren(el("p", { class: "empty" }, message));
  if (!areKnown()) return;
  const shown = inOrder();
  if (shown.length === 1 && opened === null) opened = shown[0].id;
  if (opened !== null && !cards.has(opened)) opened = null;
  place(list, shown);
  byId("tasks").querySelector(".empty")?.remove();
  if (!shown.length) list.prepend(emptyNote());
  drawFinished(list);
  tick();
  markRead();
}

/** Something that stands in the place of all tasks. @param {string} text */
export function drawInstead(text) {
  message = text;
  drawTasks();
}

/** Cards keep their place while the page is looked at: none slips under a thumb. @param {HTMLElement} list @param {Card[]} shown */
function place(list, shown) {
  const open = new Set(shown.map((card) => card.id));
  for (const [id, { node }] of nodes) {
    if (open.has(id)) continue;
    if (mapped === id) closeMap();
    node.remove();
    nodes.delete(id);
  }
  for (const card of shown) {
    const former = nodes.get(card.id);
    const text = JSON.stringify([card, standing(card), opened === card.id, asking === card.id, mapped === card.id]);
    if (former?.drawn === text) continue;
    const node = former?.node ?? el("article", { class: "task", id: `task-${card.id}` });
    draw(node, card);
    nodes.set(card.id, { node, drawn: text });
    if (!former) list.insertBefore(node, list.querySelector(".finished"));
  }
}

/** @param {HTMLElement} node @param {Card} card */
function draw(node, card) {
  const { step, waits, key } = standing(card);
  const isOpen = opened === card.id;
  node.className = `task level-${card.level}${isOpen ? " is-open" : ""}`;
  node.setAttribute("aria-label", card.what);
  const parts = [head(card, isOpen), progress(card, step, waits)];
  if (card.answered && !card.mine && step !== "cannot") parts.push(el("p", { class: "note" }, t("other", { who: whoAnswered(card) })));
  parts.push(...(asking === card.id ? [sure(card)] : buttons(card, step)));
  if (isOpen) parts.push(...details(card, step, key));
  const kept = mapped === card.id ? node.querySelector(".map-place") : null;
  node.replaceChildren(...parts.filter(Boolean));
  if (kept) node.querySelector(".map-place")?.replaceWith(kept);
}

/** @param {Card} card @param {boolean} isOpen */
function head(card, isOpen) {
  return el("button", { type: "button", class: "task-head", "aria-expanded": String(isOpen), onclick: () => toggle(card) },
    el("span", { class: "task-line" },
      el("span", { class: "level" }, sign(card.level), t(`level.${card.level}`)),
      card.exercise && el("span", { class: "drill" }, t("exercise")),
      el("span", { class: "left", "data-due": card.due_at })),
    el("strong", { class: "what" }, card.what),
    el("span", { class: "where" }, [card.above, card.place].filter(Boolean).join(" · ")),
    el("span", { class: "plan" }, card.plan));
}

/** @param {keyof SHAPES} level */
function sign(level) {
  return svg("svg", { viewBox: "0 0 24 24", class: "sign", "aria-hidden": "true" }, svg("path", { d: SHAPES[level] }));
}

/** How far it is, as three dots with words. @param {Card} card @param {string} step @param {boolean} waits */
function progress(card, step, waits) {
  if (step === "called") return null;
  return el("p", { class: "progress", role: "status" }, `✓ ${t(`now.${step}`)}`,
    waits && el("span", { class: "to-send" }, t("toSend")));
}

/** @param {Card} card */
function whoAnswered(card) {
  const who = card.others.find((one) => ["acknowledged", "on_site", "done"].includes(one.state));
  return who ? partOf(card, who.part) : t("anybody");
}

/** @param {Card} card @param {string} part */
const partOf = (card, part) => t(`part.${part}`, { post: part === "backup" ? card.backup ?? "" : card.post });

/** @param {Card} card @param {string} step @returns {(HTMLElement | null)[]} */
function buttons(card, step) {
  if (step === "cannot" || step === "done") return [];
  const next = nextStep(step);
  const isLast = next === "done" && card.results.length > 0;
  const main = isLast
    ? el("div", { class: "choices", role: "group", "aria-label": t("howEnded") }, el("p", { class: "ask" }, t("howEnded")),
      ...card.results.map((result) => big(result, () => tap(card, "done", result), "choice")))
    : big(t(next), () => tap(card, next));
  const cannot = el("button", { type: "button", class: "second", onclick: () => guarded(() => { asking = card.id; drawTasks(); }) }, t("cannot"));
  return [main, cannot];
}

/** @param {string} word @param {() => void} act @param {string} [kind] */
const big = (word, act, kind = "") => el("button", { type: "button", class: `big ${kind}`, onclick: () => guarded(act) }, word);

/** @param {Card} card */
function sure(card) {
  return el("div", { class: "sure", role: "alertdialog", "aria-label": t("cannotSure") }, el("p", {}, t("cannotSure")),
    big(t("cannotYes"), () => { asking = null; tap(card, "cannot"); }, "warn"),
    el("button", { type: "button", class: "second", onclick: () => { asking = null; drawTasks(); } }, t("back")));
}

/** @param {() => void} act */
function guarded(act) {
  if (performance.now() - tappedAt < GUARD_MS) return;
  tappedAt = performance.now();
  act();
}

/** @param {Card} card @param {string} kind @param {string} [result] */
function tap(card, kind, result) {
  hush();
  navigator.vibrate?.(40);
  answer(card, kind, result).catch(() => dispatchEvent(new CustomEvent("worker-fault", { detail: t("storageFull") })));
}

/** @param {Card} card @param {string} step @param {string} key */
function details(card, step, key) {
  return [
    el("p", { class: "note" }, t("until", { time: ofDay(card.due_at) }),
      card.repeat_min ? `，${t("every", { n: card.repeat_min, round: card.round })}` : ""),
    card.evidence && el("p", { class: "note" }, t("evidence", { what: card.evidence })),
    key && step !== "cannot" && attachTools(key),
    el("section", { class: "others" }, el("h3", {}, t("others")), others(card)),
    mapPart(card),
  ];
}

/** @param {Card} card */
function others(card) {
  if (!card.others.length) return el("p", { class: "note" }, t("nobodyElse"));
  return el("ul", {}, ...alike(card).map(({ part, state, n }) =>
    el("li", { class: `other-${state}` }, el("span", {}, n > 1 ? t("times", { who: partOf(card, part), n }) : partOf(card, part)),
      el("b", {}, t(`other.${state}`)))));
}

/** Those of one part who are equally far. @param {Card} card @returns {{part: string, state: string, n: number}[]} */
function alike(card) {
  const found = new Map();
  for (const { part, state } of card.others) {
    const key = `${part} ${state}`;
    found.set(key, { part, state, n: (found.get(key)?.n ?? 0) + 1 });
  }
  return [...found.values()];
}

/** @param {Card} card */
function mapPart(card) {
  if (card.map === "none") return el("p", { class: "note" }, t("mapNone"));
  const isShown = mapped === card.id;
  return el("div", { class: "map-part" },
    el("button", { type: "button", class: "second map-toggle", "aria-expanded": String(isShown), onclick: () => toggleMap(card) },
      isShown ? t("mapHide") : t("map")),
    isShown && el("div", { class: "map-place" }));
}

/** @param {Card} card */
function toggleMap(card) {
  if (mapped === card.id) return closeMap(), drawTasks();
  closeMap();
  mapped = card.id;
  drawTasks();
  const there = nodes.get(card.id)?.node.querySelector(".map-place");
  if (there) void showPlace(/** @type {HTMLElement} */ (there), card);
}

function closeMap() {
  mapped = null;
  hideMap();
}

/** Leave the map to somebody else. */
export function leaveTasks() {
  if (mapped !== null) closeMap();
  drawTasks();
}

/** @param {Card} card */
function toggle(card) {
  hush();
  if (mapped !== null && opened !== card.id) closeMap();
  opened = opened === card.id ? null : card.id;
  asking = null;
  drawTasks();
}

/** Open one, at the top of the page. @param {number} id */
export function openTask(id) {
  hush();
  opened = id;
  drawTasks();
  nodes.get(id)?.node.scrollIntoView({ block: "start" });
}

/** Read is what is open before somebody's eyes. */
export function markRead() {
  if (opened !== null && !document.hidden && !byId("view-tasks").hidden && cards.has(opened)) receipt(opened, "read");
}

function emptyNote() {
  return el("div", { class: "empty" }, el("p", {}, navigator.onLine ? t("none") : t("noneOffline")), el("p", { class: "note" }, t("noneNote")));
}

/** @param {HTMLElement} list */
function drawFinished(list) {
  const former = list.querySelector(".finished");
  const text = JSON.stringify([...finished.values()]);
  if (former && /** @type {HTMLElement} */ (former).dataset.drawn === text) return;
  former?.remove();
  if (!finished.size) return;
  list.append(el("section", { class: "finished", "data-drawn": text }, el("h2", {}, t("finished")),
    ...[...finished.values()].reverse().map(({ card, key }) => el("div", { class: "ended" },
      el("p", {}, el("b", {}, t(`now.${card.state === "done" || !card.mine ? card.state : "done"}`)), ` ${card.what}`),
      card.state === "done" && card.mine && key && attachTools(key)))));
}

/** Every second: how long is left. */
export function tick() {
  for (const node of document.querySelectorAll("[data-due]")) {
    const left = Date.parse(/** @type {HTMLElement} */ (node).dataset.due ?? "") - now();
    node.textContent = left < 0 ? t("over", { time: span(left) }) : t("left", { time: span(left) });
    node.classList.toggle("is-over", left < 0);
  }
}
