/** The foot of the side: what is silent, where values go, how the ledger stands. */

import { said, whenSaid } from "../address.js";
import { byId, el } from "../dom.js";
import { ledgerLine } from "./ledger.js";
import { silentList } from "./silent.js";
import { now, whenTold } from "./told.js";
import { startTrends, trends } from "./trends.js";

const silent = el("div", { class: "now-silent" });
const ledger = el("div", { class: "now-ledger" });

/** Draw it and keep it up to date. */
export function startStanding() {
  byId("now").replaceChildren(silent, trends, ledger);
  trends.hidden = true;
  whenTold(draw);
  whenSaid(["at"], draw);
  addEventListener("resize", draw);
  startTrends();
}

/** Short screens name fewer; the past has none of this. */
function draw() {
  byId("now").hidden = said("at") !== "";
  if (!now.told) return;
  silent.replaceChildren(silentList(now.told.silent, innerHeight < 900 ? 1 : 3));
  ledger.replaceChildren(ledgerLine(now.told.ledger));
}
