/** Following live: the stream says that something changed, and the page reads it anew; the clock that runs go by. */

import { byId } from "../dom.js";
import { timeOfDay } from "../format.js";
import { leaveIfOver } from "../session.js";
import { t } from "./strings.js";

const TOGETHER_MS = 120; // changes that come at once are read at once
const SILENT_MS = 15_000; // the server speaks at least every 10 s
const ANYHOW_MS = 30_000;

let told = Date.now();
let toldAt = performance.now();
let injected = false;
let readAt = Date.now();

/** Take the server's time; that of a replay stands still between its steps. @param {string} now @param {boolean} isInjected */
export function takeTime(now, isInjected) {
  [told, toldAt, injected] = [Date.parse(now), performance.now(), isInjected];
  readAt = told;
}

/** @returns {number} ms since the epoch, by the clock that runs go by */
export const now = () => (injected ? told : told + performance.now() - toldAt);

/**
 * Read now, and whenever a run that `concerns` says is of interest changes.
 * @param {() => Promise<void>} read @param {(runId: number) => boolean} concerns
 */
export function follow(read, concerns) {
  let waiting = 0;
  let busy = false;
  let again = false;
  const refresh = async () => {
    if (busy) { again = true; return; }
    busy = true;
    await read();
    busy = false;
    if (again) { again = false; soon(); }
  };
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(refresh, TOGETHER_MS); };
  byId("link").textContent = t("waiting");
  open(soon, concerns);
  setInterval(refresh, ANYHOW_MS);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
  refresh();
  return soon;
}

/** @param {() => void} soon @param {(runId: number) => boolean} concerns */
function open(soon, concerns) {
  const stream = new EventSource("/api/stream");
  let heard = performance.now();
  const on = (/** @type {string} */ kind, /** @type {(data: any) => void} */ take) =>
    stream.addEventListener(kind, (event) => {
      heard = performance.now();
      show("live");
      take(JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
  on("snapshot", soon); // what was missed while the connection was away
  for (const kind of ["run", "task"]) on(kind, ({ run_id }) => { if (concerns(run_id)) soon(); });
  on("clock", (clock) => takeTime(clock.now, clock.injected));
  on("status", () => {});
  stream.addEventListener("error", () => { show("stale"); leaveIfOver(); });
  const watch = setInterval(() => {
    const silent = performance.now() - heard;
    if (silent > SILENT_MS) show("stale");
    if (silent > SILENT_MS || stream.readyState === EventSource.CLOSED) {
      clearInterval(watch);
      stream.close();
      setTimeout(() => open(soon, concerns), 1500);
    }
  }, 1000);
}

/** @param {"live" | "stale"} state */
function show(state) {
  const line = byId("link");
  line.dataset.state = state;
  line.textContent = state === "live" ? t("live") : t("stale", { time: timeOfDay(readAt) });
}
