/** What the pages ask the server; what stands in the way is told apart: refused, or not reached. */

import { csrf, signInAgain } from "../session.js";
import { language, t } from "./strings.js";

/** The server did not answer, or said that it cannot now: worth another try. */
export class Unreached extends Error {}

/** The server answered, and said no. */
export class Refused extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super((language === "zh" && body.error_zh) || body.error || String(status));
    this.status = status;
    this.body = body;
  }
}

const LATER = new Set([408, 429, 502, 503, 504]);

/**
 * @param {string} path @param {object} [body] a change; without it the answer is asked for
 * @param {{ method?: string, keepalive?: boolean }} [how]
 */
export async function ask(path, body, how = {}) {
  const options = body === undefined ? how : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(body),
    ...how,
  };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Unreached(t("unreached"));
  }
  if (LATER.has(answer.status)) throw new Unreached(t("unreached"));
  if (answer.status === 401) signInAgain();
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, told);
  return told;
}

/** A key of one's own for what must not be taken twice; also where the page is no secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
