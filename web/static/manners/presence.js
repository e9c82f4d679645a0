/** A screen with a name says what it shows, and goes where a desk sends it. */

import { said, say, whenSaid } from "../address.js";
import { csrf } from "../session.js";

const EVERY_MS = 30_000;
const SETTLED_MS = 1_000;

/** @type {number | null} */ let known = null; // the number that a desk's orders name
let settling = 0;

/** Say so from now on, for as long as the address has a name. */
export function startPresence() {
  setInterval(() => void sayHere(), EVERY_MS);
  whenSaid(["screen", ...FOLLOWED], () => {
    clearTimeout(settling);
    settling = setTimeout(() => void sayHere(), SETTLED_MS);
  });
  addEventListener("shijing-screen", (event) => heed(/** @type {CustomEvent} */ (event).detail));
  void sayHere();
}

/** The keys that a desk may change; a screen keeps its own name and language. */
export const FOLLOWED = /** @type {const} */ (["in", "shade", "ground", "sensor", "thing", "incident", "at", "pace", "parts", "theme"]);

async function sayHere() {
  const name = said("screen");
  if (!name) { known = null; return; }
  const answer = await fetch("/api/screens/here", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify({ name, address: location.search.slice(1, 2001) }),
  }).catch(() => null);
  if (answer?.ok) known = (await answer.json()).screen;
}

/** What the address does not name stays as the screen has it: its parts, its theme. @param {{screen: number, address: string}} order */
function heed({ screen, address }) {
  if (screen !== known) return;
  const asked = Object.fromEntries(new URLSearchParams(address));
  const kept = ["parts", "theme"];
  say(Object.fromEntries(FOLLOWED.filter((key) => key in asked || !kept.includes(key)).map((key) => [key, asked[key] ?? null])));
}
