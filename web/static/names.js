/** What people call rules and plans; their ids until the server has told. */

import { language } from "./strings.js";

let names = { rules: {}, plans: {} };

/** Ask the server once. @param {() => void} then */
export async function loadNames(then) {
  const answer = await fetch("/api/names").catch(() => null);
  if (!answer?.ok) return;
  names = await answer.json();
  then();
}

/** @param {string} id @returns {string} */
export const ruleName = (id) => names.rules[id]?.[language] ?? id;

/** @param {string} id @returns {string} */
export const planName = (id) => names.plans[id] ?? id;
