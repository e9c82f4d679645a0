/** What the editor asks the server for; what stands in the way is told as text. */

import { csrf, signInAgain } from "../session.js";
import { language } from "../strings.js";
import { t } from "./strings.js";

/** @param {string} path @param {object} [body] a change; without it the answer is asked for */
export async function ask(path, body) {
  const options = body === undefined ? {} : {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify(body),
  };
  let answer;
  try {
    answer = await fetch(`${path}?lang=${language}`, options);
  } catch {
    throw new Error(t("unreachable"));
  }
  if (answer.status === 401) signInAgain();
  if (answer.ok) return answer.json();
  const told = await answer.json().catch(() => ({}));
  throw new Error((language === "zh" && told.error_zh) || told.error || String(answer.status));
}
