/** Answers, attachments and reports on their way: kept on the phone first, sent when it can be, each once.
 *
 * The key of each is made at the tap. What was sent and lost its answer on the way is sent again under the same key,
 * and the server takes it for the same.
 */

import { csrf, signInAgain } from "../session.js";
import { all, drop, put } from "./store.js";

/**
 * @typedef {{key: string, kind: "answer" | "attachment" | "event", person: string, order: number, body: any}} Waiting
 * @typedef {{taken: boolean, counted?: boolean, state?: string, why?: string, told?: any}} Outcome
 */

const ORDER = ["answer", "attachment", "event"]; // an attachment belongs to an answer
const AT_ONCE = 50;
const LEAST_MS = 2_000;
const MOST_MS = 60_000;

/** @type {Map<string, Waiting>} */
const waiting = new Map();
/** @type {(one: Waiting, outcome: Outcome) => void} */
let onOutcome = () => {};
let onChange = () => {};
let person = "";
let sending = false;
let pause = LEAST_MS;
/** @type {number | undefined} */
let timer;

/** @returns {Waiting[]} in the order of the taps; one's own */
export const queued = () => [...waiting.values()].filter((one) => one.person === person).sort((a, b) => a.order - b.order);

/** @param {{outcome: typeof onOutcome, change: () => void}} told */
export async function openQueue(told) {
  [onOutcome, onChange] = [told.outcome, told.change];
  for (const one of await all("queue")) waiting.set(one.key, one);
  addEventListener("online", sendNow);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sendNow(); });
}

/** Whose phone it is now: what somebody else left on it waits for them. @param {string} whose */
export function setPerson(whose) {
  person = whose;
}

/**
 * Keep it, then try to send it. Done when it is kept: until then nothing is shown as answered.
 * @param {Waiting["kind"]} kind @param {any} body @param {string} [key]
 */
export async function enqueue(kind, body, key = crypto.randomUUID()) {
  const one = { key, kind, person, order: Date.now() + waiting.size / 1000, body };
  await put("queue", key, one);
  waiting.set(key, one);
  onChange();
  sendNow();
  return key;
}

/** Send what waits, now. */
export function sendNow() {
  clearTimeout(timer);
  pause = LEAST_MS;
  void send();
}

async function send() {
  if (sending || !person) return;
  sending = true;
  try {
    let batch;
    while ((batch = next()).length) await deliver(batch);
    pause = LEAST_MS;
  } catch (error) {
    timer = setTimeout(send, error instanceof Later ? error.ms : pause);
    pause = Math.min(pause * 2, MOST_MS);
  } finally {
    sending = false;
  }
}

/** @returns {Waiting[]} */
function next() {
  const own = queued();
  for (const kind of ORDER) {
    const found = own.filter((one) => one.kind === kind);
    if (found.length) return kind === "answer" ? found.slice(0, AT_ONCE) : found.slice(0, 1);
  }
  return [];
}

/** The server asks to wait, or cannot just now. */
class Later extends Error {
  /** @param {number} ms */
  constructor(ms) {
    super("later");
    this.ms = ms;
  }
}

/** @param {Waiting[]} batch */
async function deliver(batch) {
  if (batch[0].kind === "answer") {
    const told = await post("/api/worker/answers", { answers: batch.map((one) => one.body) });
    if (told.refused) return settle(batch[0], { taken: false, why: told.refused }); // the first may hold up the rest
    for (const [place, result] of told.body.results.entries()) {
      await settle(batch[place], { ...result, why: result.error ? inOwn(result) : undefined });
    }
    return;
  }
  const path = batch[0].kind === "event" ? "/api/worker/events" : "/api/worker/attachments";
  const told = await post(path, batch[0].body);
  await settle(batch[0], told.refused ? { taken: false, why: told.refused } : { taken: true, told: told.body });
}

/** @param {Waiting} one @param {Outcome} outcome */
async function settle(one, outcome) {
  await drop("queue", one.key);
  waiting.delete(one.key);
  onOutcome(one, outcome);
  onChange();
}

/** @param {string} path @param {unknown} body @returns {Promise<{body?: any, refused?: string}>} */
async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(body),
  });
  if (answer.ok) return { body: answer.status === 204 ? {} : await answer.json() };
  if (answer.status === 401) {
    signInAgain();
    throw new Later(MOST_MS);
  }
  if (answer.status === 429) throw new Later(1000 * Number(answer.headers.get("Retry-After") ?? 5));
  if (answer.status >= 500 || answer.status === 403 || answer.status === 408) throw new Later(pause);
  const told = await answer.json().catch(() => ({ error: String(answer.status) }));
  return { refused: inOwn(told) };
}

/** @param {{error?: string, error_zh?: string}} told */
function inOwn(told) {
  return (document.documentElement.dataset.language === "zh" && told.error_zh) || told.error || "";
}
