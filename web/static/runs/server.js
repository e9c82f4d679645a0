/** What the pages ask the server, and what they are told by it. */

import { csrf, signInAgain } from "../session.js";
import { language, t } from "./strings.js";

/** @param {string} path */
export async function ask(path) {
  const answer = await fetch(path).catch(() => null);
  return told(answer);
}

/** @param {string} path @param {object} body */
export async function send(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(body),
  }).catch(() => null);
  return told(answer);
}

/** @param {Response | null} answer */
async function told(answer) {
  if (answer === null) throw new Error(t("unreached"));
  if (answer.status === 401) signInAgain();
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error((language === "zh" && body.error_zh) || body.error || String(answer.status));
  return body;
}

/** A key of one's own for what must not be taken twice; also where the page is no secure context. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
