/** What was done in the draft, by whom and when. */

import { byId, el } from "../dom.js";
import { ask } from "./server.js";
import { t, when, word } from "./strings.js";

/** @param {string} base @param {import("./draft.js").Draft} draft */
export function listHistory(base, draft) {
  let revision = -1;

  async function read() {
    if (byId("panel-history").hidden || revision === draft.head.revision) return;
    revision = draft.head.revision;
    const { steps } = await ask(`${base}/history`).catch(() => ({ steps: [] }));
    byId("history").replaceChildren(...(steps.length ? steps.slice(0, 200).map(row) : [el("li", { class: "soft" }, t("historyNone"))]));
  }

  /** @param {any} step */
  function row(step) {
    const names = step.units.map((/** @type {string} */ key) => draft.shown.get(key)?.properties.name).filter(Boolean);
    return el("li", { class: step.in_force ? "" : "is-undone" }, el("b", {}, word("step", step.kind), step.in_force ? "" : t("historyUndone")),
      names.length ? el("span", {}, names.slice(0, 4).join("、")) : null, el("small", {}, `${step.made_by} · ${when(step.made_at)}`));
  }

  draft.addEventListener("head", () => void read());
  return read;
}
