/** A screen with a name says what it shows, and goes where a desk sends it. */

import { said, say, whenSaid } from "../address.js";
import { csrf } from "../session.js";

const EVERY_MS = 30_000;
const IN_THE_PAST_MS = 3_000; // the stream is held back then: orders are asked for
const SETTLED_MS = 1_000;

/** @type {number | null} */ let known = null; // the number that a desk's orders name
let settling = 0;
let again = 0;
let heeded = ""; // when the last order was given that this page knows of
/** @type {Map<number, {screen: number, address: string}>} */
const early = new Map(); // by screen, what was ordered before this one knew its number

/** Say so from now on, for as long as the address has a name. */
export function startPresence() {
  whenSaid(["screen", ...FOLLOWED], () => {
    clearTimeout(settling);
    settling = setTimeout(() => void sayHere(), SETTLED_MS);
  });
  addEventListener("shijing-screen", (event) => heed(/** @type {CustomEvent} */ (event).detail));
  void sayHere();
}

/** And again after a while. */
function later() {
  clearTimeout(again);
  again = setTimeout(() => void sayHere(), said("at") ? IN_THE_PAST_MS : EVERY_MS);
}

/** The keys that a desk may change; a screen keeps its own name and language. */
export const FOLLOWED = /** @type {const} */ (["in", "shade", "ground", "sensor", "thing", "incident", "at", "pace", "parts", "theme"]);

async function sayHere() {
  later();
  const name = said("screen");
  if (!name) { known = null; return; }
  const answer = await fetch("/api/screens/here", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify({ name, address: location.search.slice(1, 2001) }),
  }).catch(() => null);
  if (!answer?.ok) return;
  const { screen, address, driven_at } = await answer.json();
  const first = known !== screen;
  known = screen;
  const missed = driven_at !== null && driven_at > heeded; // both in UTC, to the microsecond
  heeded = driven_at ?? "";
  // One that has just been opened shows what its own address says, and what was ordered since.
  const order = early.get(screen) ?? (missed && !first ? { screen, address } : null);
  early.clear();
  if (order) heed(order);
}

/** What the address does not name stays as the screen has it: its parts, its theme. @param {{screen: number, address: string}} order */
function heed({ screen, address }) {
  if (known === null && said("screen")) early.set(screen, { screen, address });
  if (screen !== known) return;
  const asked = Object.fromEntries(new URLSearchParams(address));
  const kept = ["parts", "theme"];
  say(Object.fromEntries(FOLLOWED.filter((key) => key in asked || !kept.includes(key)).map((key) => [key, asked[key] ?? null])));
}
