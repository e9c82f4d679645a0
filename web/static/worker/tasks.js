/** The tasks of this phone: what the server says, and over it what was tapped here and is on its way. */

import { alarm } from "./alarm.js";
import { receipt } from "./line.js";
import { enqueue, queued } from "./queue.js";
import { now } from "./clock.js";
import { all, drop, get, put, replace } from "./store.js";

/** @typedef {import("./line.js").Card} Card */
/** @typedef {{card: Card, key: string}} Finished */

const STEPS = ["called", "acknowledged", "on_site", "done"];
const RANK = ["red", "orange", "yellow", "blue"];

/** @type {Map<number, Card>} */
export const cards = new Map();
/** @type {Map<number, Finished>} those that ended while the page was open */
export const finished = new Map();
/** @type {Map<number, string>} assignment → the key of the last answer from this phone */
const keys = new Map();
let onChange = () => {};
/** @type {(card: Card) => void} */
let onNew = () => {};
let known = false; // whether the server, or the phone's store, has said what there is

/** @param {{change: () => void, fresh: (card: Card) => void}} told */
export async function openTasks(told) {
  [onChange, onNew] = [told.change, told.fresh];
  for (const card of await all("tasks")) cards.set(card.id, card);
  for (const [id, key] of (await get("facts", "keys")) ?? []) keys.set(id, key);
  known = (await get("facts", "person")) !== undefined;
  onChange();
}

/** Whether it is known what there is. */
export const areKnown = () => known;

/** Forget what somebody else had on this phone. */
export async function forgetTasks() {
  cards.clear();
  finished.clear();
  keys.clear();
  await replace("tasks", new Map());
  await put("facts", "keys", []);
}

/** All that is open, by the server. @param {Card[]} own */
export function takeAll(own) {
  const isFirst = !known;
  known = true;
  const open = new Set(own.map((card) => card.id));
  for (const [id, card] of cards) if (!open.has(id)) end({ ...card, open: false });
  for (const card of own) take(card, isFirst);
  void replace("tasks", new Map(cards));
  onChange();
}

/** Those that changed. @param {Card[]} changed */
export function takeChanged(changed) {
  for (const card of changed) {
    if (card.open) {
      take(card, false);
      void put("tasks", card.id, card);
    } else {
      end(card);
      void drop("tasks", card.id);
    }
  }
  onChange();
}

/** @param {Card} card @param {boolean} isFirst */
function take(card, isFirst) {
  const former = cards.get(card.id);
  cards.set(card.id, card);
  receipt(card.id, "delivered");
  const risen = former && RANK.indexOf(card.level) < RANK.indexOf(former.level);
  if ((!former || risen) && standing(card).step === "called") {
    alarm(card.level);
    if (!isFirst) onNew(card);
  }
}

/** @param {Card} card */
function end(card) {
  const former = cards.get(card.id);
  cards.delete(card.id);
  if (former) finished.set(card.id, { card: { ...former, ...card }, key: keys.get(card.id) ?? "" });
}

/**
 * How far a card is, with what was tapped here and is on its way.
 * @param {Card} card
 * @returns {{step: string, waits: boolean, key: string}} `key` of the last answer from this phone
 */
export function standing(card) {
  const own = queued().filter((one) => one.kind === "answer" && one.body.assignment_id === card.id);
  const last = own.at(-1)?.body;
  const step = !last || (last.kind !== "cannot" && STEPS.indexOf(last.kind) <= STEPS.indexOf(card.state))
    ? card.state : last.kind;
  return { step, waits: own.length > 0, key: keys.get(card.id) ?? "" };
}

/** The next step, "" after the last. @param {string} step */
export const nextStep = (step) => STEPS[STEPS.indexOf(step) + 1] ?? "";

/**
 * A tap. Done when the phone has kept it.
 * @param {Card} card @param {string} kind @param {string} [result]
 */
export async function answer(card, kind, result) {
  const key = crypto.randomUUID();
  const body = { key, assignment_id: card.id, kind, tapped_at: new Date(now()).toISOString(), result: result ?? null };
  await enqueue("answer", body, key);
  keys.set(card.id, key);
  await put("facts", "keys", [...keys]);
  onChange();
}

/** The server has taken an answer; its stream may be slower, or not there. @param {any} body @param {string} state */
export function answered(body, state) {
  const card = cards.get(body.assignment_id);
  if (!card) return;
  if (body.kind === "cannot") end({ ...card, open: false, state: "called" });
  else if (state === "done") end({ ...card, open: false, state, mine: true });
  else cards.set(card.id, { ...card, state, answered: true, mine: card.mine || STEPS.includes(state) });
}

/** Worst first, then what is due first; what came while the page is looked at stays where it is. */
export function inOrder() {
  return [...cards.values()].sort((a, b) =>
    RANK.indexOf(a.level) - RANK.indexOf(b.level) || Date.parse(a.due_at) - Date.parse(b.due_at) || a.id - b.id);
}
