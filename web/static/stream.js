/** The live stream: server-sent events that resume where they broke off, and a watch over silence. */

import { said, whenSaid } from "./address.js";
import { leaveIfOver } from "./session.js";
import { setLink, store, takeBoard, takeClock, takeReadings, takeSnapshot, takeStations } from "./store.js";
import { heardOfEvent } from "./urgent.js";

const SILENT_MS = 15_000; // the server speaks at least every 5 s
const AGAIN_MS = 1_500;

/** @type {EventSource | null} */
let source = null;
let lastId = "";
let heardAt = 0;
let databaseUp = true;

let held = false; // the screen shows another moment
let unknown = ""; // what the address has in view and the server does not

/** Connect, and stay connected. @param {() => void} onOutdated called when stations or layers must be read anew */
export function startStream(onOutdated) {
  if (!held) open(onOutdated);
  // What is drawn stays until the new snapshot is there. It is asked for before the tiles: a browser asks for six at once.
  whenSaid(["in"], () => { if (!held) open(onOutdated); }, { first: true });
  setInterval(() => watch(onOutdated), 1_000);
}

/** Take nothing from the stream until it is released: the screen shows another moment. */
export function holdStream() {
  held = true;
  source?.close();
  source = null;
  setLink("past");
}

/** Live again, beginning with a snapshot. @param {() => void} onOutdated as of startStream */
export function releaseStream(onOutdated) {
  if (!held) return;
  held = false;
  setLink("waiting");
  open(onOutdated);
}

/** Where the first view of what the screen has in view is asked for; `more` as in an address. @param {Record<string, string>} [more] */
export function addressOf(path = "/api/state", more = {}) {
  const division = said("in");
  const query = new URLSearchParams(division && division !== unknown ? { in: division, ...more } : more).toString();
  return query ? `${path}?${query}` : path;
}

/**
 * The page began the stream while the modules were on their way, and kept what it said: web/templates/screen.html.
 * @param {string} address @returns {{source: EventSource, heard: MessageEvent[]} | null}
 */
function takeBegun(address) {
  const { begun } = /** @type {any} */ (globalThis);
  if (!begun) return null;
  /** @type {any} */ (globalThis).begun = null;
  begun.stop();
  if (begun.address === address) return begun;
  begun.source.close();
  return null;
}

/** @param {() => void} onOutdated */
function open(onOutdated) {
  source?.close();
  heardAt = performance.now();
  store.awaited = true;
  const address = addressOf("/api/stream", lastId ? { after: lastId } : {});
  const begun = takeBegun(address);
  const stream = (source = begun?.source ?? new EventSource(address));
  /** @type {Map<string, (event: MessageEvent) => void>} */ const takers = new Map();
  /** @param {string} kind @param {(data: any) => void} take */
  const on = (kind, take) => takers.set(kind, (event) => {
    heard(event);
    take(JSON.parse(event.data));
  });
  on("snapshot", takeSnapshot);
  on("board", (board) => (outdated(board) ? onOutdated() : takeBoard(board)));
  on("readings", takeReadings);
  on("stations", takeStations);
  on("clock", takeClock);
  on("divisions", onOutdated);
  on("status", ({ database }) => { databaseUp = database; setLink(database ? "live" : "database"); });
  for (const kind of ["alert", "run", "incident", "warning", "rules", "ledger", "task"]) on(kind, () => {}); // the board that follows says how things stand
  on("event", heardOfEvent);
  on("screen", (detail) => dispatchEvent(new CustomEvent("shijing-screen", { detail })));
  for (const event of begun?.heard ?? []) takers.get(event.type)?.(event);
  for (const [kind, take] of takers) stream.addEventListener(kind, /** @type {any} */ (take));
  if (stream.readyState === EventSource.CLOSED) void lookAgain(onOutdated);
  stream.addEventListener("error", () => {
    if (source !== stream) return;
    setLink("stale");
    leaveIfOver();
    if (stream.readyState === EventSource.CLOSED) void lookAgain(onOutdated);
  });
}

/** The server refused: where it does not know what is in view, the screen shows all that it may. @param {() => void} onOutdated */
async function lookAgain(onOutdated) {
  const division = said("in");
  if (!division || division === unknown) return;
  const answer = await fetch(addressOf()).catch(() => null);
  if (held || said("in") !== division || (answer?.status !== 404 && answer?.status !== 422)) return;
  unknown = division;
  open(onOutdated);
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
  if (held) return;
  const silent = performance.now() - heardAt;
  if (silent > SILENT_MS) setLink("stale");
  if (silent > SILENT_MS || (source?.readyState === EventSource.CLOSED && silent > AGAIN_MS)) open(onOutdated);
}

/** @param {import("./store.js").Board} board */
function outdated(board) {
  return store.board !== null
    && (board.layers !== store.board.layers || board.counts.sensors !== store.board.counts.sensors);
}
