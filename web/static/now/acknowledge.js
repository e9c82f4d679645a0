/** Acknowledging all that waits of an incident: each alert by its own act, which says who and when. */

import { csrf } from "../session.js";

const AT_ONCE = 4;

/** @param {number[]} alerts @returns {Promise<{failed: number, why: string}>} */
export async function acknowledgeAll(alerts) {
  const left = [...alerts];
  const result = { failed: 0, why: "" };
  const work = async () => {
    for (let alert = left.shift(); alert !== undefined; alert = left.shift()) {
      const why = await acknowledge(alert);
      if (why) Object.assign(result, { failed: result.failed + 1, why });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return result;
}

/** @param {number} alert @returns {Promise<string>} why not; "" where it is done, by whomever */
async function acknowledge(alert) {
  try {
    const answer = await fetch(`/api/alerts/${alert}/ack`, {
      method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() }, body: "{}",
    });
    if (answer.ok || answer.status === 409) return ""; // 409: it waits no more
    const said = await answer.json().catch(() => ({}));
    return (document.documentElement.lang === "en" ? said.error : said.error_zh || said.error) || String(answer.status);
  } catch (error) {
    return String(error);
  }
}
