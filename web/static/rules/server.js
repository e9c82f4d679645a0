/** What the page asks the server. */

import { csrf, signInAgain } from "../session.js";
import { inWords } from "./faults.js";

/** What a request ended with when it did not end well. */
export class Refused extends Error {
  /** @param {number} status @param {{ error?: string, error_zh?: string, faults?: import("./draft.js").Fault[] }} told */
  constructor(status, told) {
    super(inWords(told, "error") ?? `HTTP ${status}`);
    this.status = status;
    this.faults = told.faults ?? [];
  }
}

/** @param {string} path */
export const get = (path) => ask(path, {});

/** @param {string} path @param {unknown} body */
export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() }, body: JSON.stringify(body) });

/** @param {string} path @param {RequestInit} options */
async function ask(path, options) {
  const answer = await fetch(`/api/rules${path}`, options);
  if (answer.status === 401) signInAgain();
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}
