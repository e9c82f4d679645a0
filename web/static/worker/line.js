/** The line to the server: the stream of one's own tasks, and the receipts for what came by it. */

import { leaveIfOver } from "../session.js";
import { setClock } from "./clock.js";

const SILENT_MS = 25_000; // the server speaks at least every 10 s
const AGAIN_MS = 2_000;

/**
 * @typedef {{id: number, run_id: number, open: boolean, state: string, answered: boolean, mine: boolean, part: string,
 *   round: number, due_at: string, level: "red" | "orange" | "yellow" | "blue", exercise: boolean, plan: string,
 *   what: string, post: string, backup: string | null, evidence: string | null, results: string[],
 *   repeat_min: number | null, division_id: number, place: string | null, above: string | null,
 *   map: "point" | "grid" | "none", lon: number | null, lat: number | null,
 *   others: {part: string, state: string}[]}} Card
 * @typedef {{tasks: (cards: Card[], person: string) => void, cards: (cards: Card[]) => void,
 *   link: (state: "live" | "waiting" | "offline") => void, refused: (status: number) => void}} Told
 */

/** @type {EventSource | null} */
let source = null;
let heardAt = 0;
let ticket = "";
/** @type {Map<string, {assignment_id: number, kind: string}>} */
const unsent = new Map();
/** @type {Set<string>} */
const confirmed = new Set();

/** Connect, and stay connected. @param {Told} told */
export function openLine(told) {
  connect(told);
  setInterval(() => watch(told), 1_000);
  addEventListener("online", () => connect(told));
  addEventListener("offline", () => told.link("offline"));
  document.addEventListener("visibilitychange", () => { if (!document.hidden) watch(told); });
}

/** @param {Told} told */
function connect(told) {
  source?.close();
  heardAt = performance.now();
  const stream = (source = new EventSource("/api/worker/stream"));
  /** @param {string} kind @param {(data: any) => void} take */
  const on = (kind, take) => stream.addEventListener(kind, (event) => {
    heardAt = performance.now();
    told.link("live");
    take(JSON.parse(/** @type {MessageEvent} */ (event).data));
  });
  on("tasks", (data) => {
    setClock(data.now);
    ticket = data.ticket;
    told.tasks(data.tasks, data.person);
    sendReceipts();
  });
  on("cards", (data) => {
    setClock(data.now);
    told.cards(data.cards);
  });
  on("beat", () => {});
  stream.addEventListener("error", () => void broken(stream, told));
}

/** @param {EventSource} stream @param {Told} told */
async function broken(stream, told) {
  ticket = "";
  told.link(navigator.onLine ? "waiting" : "offline");
  if (stream.readyState !== EventSource.CLOSED || stream !== source) return;
  try {
    const answer = await fetch("/api/worker/tasks");
    if (!answer.ok && answer.status < 500) told.refused(answer.status);
  } catch { /* there is no network: the next connection tells */ }
  void leaveIfOver();
}

/** A connection that is half open says nothing; one that the browser gave up is closed. @param {Told} told */
function watch(told) {
  const silent = performance.now() - heardAt;
  if (silent > SILENT_MS) told.link(navigator.onLine ? "waiting" : "offline");
  if (silent > SILENT_MS || (source?.readyState === EventSource.CLOSED && silent > AGAIN_MS)) connect(told);
}

/** A card has come, or was opened: the command sees it. @param {number} id @param {"delivered" | "read"} kind */
export function receipt(id, kind) {
  const key = `${id} ${kind}`;
  if (confirmed.has(key)) return;
  unsent.set(key, { assignment_id: id, kind });
  queueMicrotask(sendReceipts);
}

function sendReceipts() {
  if (!ticket || !unsent.size) return;
  const batch = new Map(unsent);
  unsent.clear();
  fetch("/api/worker/receipts", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Shijing-Phone": ticket },
    body: JSON.stringify({ receipts: [...batch.values()] }),
  }).then((answer) => {
    if (!answer.ok) throw new Error(String(answer.status));
    for (const key of batch.keys()) confirmed.add(key);
  }).catch(() => {
    for (const [key, one] of batch) unsent.set(key, one); // with the next one, or the next connection
  });
}
