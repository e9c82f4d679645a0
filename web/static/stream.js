/** The live stream: server-sent events that resume where they broke off, and a watch over silence. */

import { leaveIfOver } from "./session.js";
import { setLink, store, takeBoard, takeClock, takeReadings, takeSnapshot } from "./store.js";
import { heardOfEvent } from "./urgent.js";

const SILENT_MS = 15_000; // the server speaks at least every 5 s
const AGAIN_MS = 1_500;

/** @type {EventSource | null} */
let source = null;
let lastId = "";
let heardAt = 0;
let databaseUp = true;

/** Connect, and stay connected. @param {() => void} onOutdated called when stations or layers must be read anew */
export function startStream(onOutdated) {
  open(onOutdated);
  setInterval(() => watch(onOutdated), 1_000);
}

/** @param {() => void} onOutdated */
function open(onOutdated) {
  source?.close();
  heardAt = performance.now();
  const stream = (source = new EventSource(lastId ? `/api/stream?after=${lastId}` : "/api/stream"));
  /** @param {string} kind @param {(data: any) => void} take */
  const on = (kind, take) => stream.addEventListener(kind, (event) => {
    heard(/** @type {MessageEvent} */ (event));
    take(JSON.parse(/** @type {MessageEvent} */ (event).data));
  });
  on("snapshot", takeSnapshot);
  on("board", (board) => (outdated(board) ? onOutdated() : takeBoard(board)));
  on("readings", takeReadings);
  on("clock", takeClock);
  on("divisions", onOutdated);
  on("status", ({ database }) => { databaseUp = database; setLink(database ? "live" : "database"); });
  for (const kind of ["alert", "run", "incident", "warning", "rules", "ledger", "task"]) on(kind, () => {}); // the board that follows says how things stand
  on("event", heardOfEvent);
  on("screen", (detail) => dispatchEvent(new CustomEvent("shijing-screen", { detail })));
  stream.addEventListener("error", () => { setLink("stale"); leaveIfOver(); });
}

/** @param {MessageEvent} event */
function heard(event) {
  heardAt = performance.now();
  if (event.lastEventId) lastId = event.lastEventId;
  if (event.type !== "status") setLink(databaseUp || event.type === "snapshot" ? "live" : "database");
  if (event.type === "snapshot") databaseUp = true;
}

/** A connection that is half open says nothing; one that the browser gave up is closed. @param {() => void} onOutdated */
function watch(onOutdated) {
  const silent = performance.now() - heardAt;
  if (silent > SILENT_MS) setLink("stale");
  if (silent > SILENT_MS || (source?.readyState === EventSource.CLOSED && silent > AGAIN_MS)) open(onOutdated);
}

/** @param {import("./store.js").Board} board */
function outdated(board) {
  return store.board !== null
    && (board.layers !== store.board.layers || board.counts.sensors !== store.board.counts.sensors);
}
