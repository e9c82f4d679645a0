/** The past moves on: a moment each half second, the next one fetched while this one is looked at. */

import { said, say, whenSaid } from "../address.js";
import { goLive, goTo, moment, prefetch } from "./moment.js";

export const PACES = [1, 10, 60, 600, 3600];
const TICK_MS = 500;

let turn = 0; // of the timer
/** Until when there is anything to play. @type {() => number} */ let end = () => Infinity;

/** How fast it goes; 0: it stands. */
export function pace() {
  const told = Number(said("pace"));
  return moment.ms !== null && PACES.includes(told) ? told : 0;
}

/** @param {() => number} untilWhen the present, as it was last told */
export function startPlayer(untilWhen) {
  end = untilWhen;
  whenSaid(["pace"], begin);
  begin();
}

/** @param {number} wanted 0: pause */
export function play(wanted) {
  say({ pace: wanted || null }, { quiet: true });
}

function begin() {
  clearTimeout(turn);
  if (pace()) turn = setTimeout(next, TICK_MS);
}

/** A moment is a whole second: at ×1 one in two ticks. */
const step = () => Math.max(pace() * TICK_MS, 1000);

async function next() {
  const [began, from] = [performance.now(), moment.ms];
  if (from === null || !pace()) return;
  if (from + step() >= end()) return goLive();
  const shown = await goTo(from + step(), { quiet: true });
  if (!pace()) return;
  if (shown && moment.ms === from + step()) prefetch(moment.ms + step());
  const wait = step() / pace() - (performance.now() - began);
  clearTimeout(turn);
  if (moment.fault) play(0);
  else turn = setTimeout(next, Math.max(wait, 0));
}
