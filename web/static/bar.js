/** The bar on top: clock, state of the connection; and the banner when what is shown is old. */

import { byId } from "./dom.js";
import { longDay, timeWithSeconds } from "./format.js";
import { now, store, when } from "./store.js";
import { t } from "./strings.js";

const STALE_AFTER_MS = 2_000; // a blink of the connection is not worth a banner
let brokenAt = 0;

/** Keep the bar up to date. */
export function drawBar() {
  when("clock", drawClock);
  when("link", () => { brokenAt = performance.now(); drawLink(); });
  when("board", drawExercise);
  setInterval(() => { drawClock(); drawBanner(); }, 250);
  drawLink();
}

function drawClock() {
  if (!store.clock.told) return;
  byId("clock-kind").textContent = t(store.link === "past" ? "then.clock" : store.clock.injected ? "clockReplay" : "clockWall");
  byId("clock-date").textContent = longDay(now());
  byId("clock-time").textContent = timeWithSeconds(now());
  byId("clock-time").setAttribute("datetime", new Date(now()).toISOString());
}

function drawLink() {
  const state = store.link === "database" ? "stale" : store.link;
  byId("link").dataset.state = state;
  byId("link-text").textContent = t({ live: "linkLive", waiting: "linkWaiting", stale: "linkStale", past: "then.link" }[state]);
  drawBanner();
}

function drawBanner() {
  const broken = store.link === "stale" || store.link === "database";
  const banner = byId("stale");
  banner.hidden = !broken || performance.now() - brokenAt < STALE_AFTER_MS;
  document.body.classList.toggle("is-stale", !banner.hidden);
  if (banner.hidden) return;
  const time = store.clock.told ? timeWithSeconds(store.clock.told) : "—";
  banner.textContent = t(store.link === "database" ? "staleDatabase" : "staleConnection", { time });
}

function drawExercise() {
  const { alerts = [], runs = [] } = store.board ?? {};
  byId("exercise").hidden = ![...alerts, ...runs].some(({ exercise }) => exercise);
}
