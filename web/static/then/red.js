/** A red alert that opens live while somebody looks at the past: they are told, and are one press away. */

import { byId, el } from "../dom.js";
import { t } from "../strings.js";
import { goLive, moment, whenMoment } from "./moment.js";

const EVERY_MS = 5_000;
const ASKED = "/api/alerts?level=red&state=open&limit=100";

/** Those that were open when the past was entered; null: not asked yet. @type {Set<number> | null} */ let known = null;
let turn = 0;

/** Watch while the past is shown. */
export function watchForRed() {
  const banner = el("p", { class: "then-red", id: "then-red", role: "alert", hidden: "" },
    el("b", {}, t("then.red")), el("button", { type: "button", onclick: goLive }, t("then.live")));
  byId("stale").after(banner);
  whenMoment(() => {
    if (moment.ms === null) {
      clearTimeout(turn);
      [turn, known] = [0, null];
      banner.hidden = true;
    } else if (!turn) void look(banner);
  });
}

/** @param {HTMLElement} banner */
async function look(banner) {
  turn = setTimeout(() => void look(banner), EVERY_MS);
  const answer = await fetch(ASKED).catch(() => null);
  if (!answer?.ok || moment.ms === null) return;
  /** @type {number[]} */ const ids = (await answer.json()).alerts.map((/** @type {{id: number}} */ { id }) => id);
  known ??= new Set(ids);
  if (ids.some((id) => !known?.has(id))) banner.hidden = false;
}
