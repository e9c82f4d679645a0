/** How the ledger stands: every reading accounted for, or what is missing. */

import { el, svg } from "../dom.js";
import { dayAndTime } from "../format.js";
import { t, word } from "../strings.js";

/** @param {import("./told.js").Ledger} ledger */
export function ledgerLine(ledger) {
  const state = ledger.balanced === null ? "never" : ledger.balanced ? "well" : "missing";
  const words = { never: t("now.ledgerNever"), well: t("now.ledgerWell"), missing: t("now.ledgerMissing", { what: missing(ledger) }) }[state];
  const d = { never: "M6 12h12", well: "M4 12.5 10 18 20 6.5", missing: "M12 4v10M12 18v2" }[state];
  return el("p", { class: `ledger ledger-${state}`, "data-ledger": state },
    svg("svg", { viewBox: "0 0 24 24", class: "ledger-sign", "aria-hidden": "true" }, svg("path", { d })),
    el("span", { class: "ledger-name" }, t("now.ledger")), el("b", {}, words),
    ledger.checked_at && el("small", {}, t("now.ledgerAt", { time: dayAndTime(Date.parse(ledger.checked_at)) })));
}

/** @param {import("./told.js").Ledger} ledger */
function missing(ledger) {
  return ledger.missing.map(({ name, difference }) => `${word("account", name)} ${difference}`).join("、");
}
