/** Sensors and gateways of which nothing comes, by name, the longest silent first. */

import { el } from "../dom.js";
import { shape } from "../levels.js";
import { t, word } from "../strings.js";
import { drillMark } from "./incident_row.js";
import { countUp } from "./ticking.js";

/** @typedef {import("./told.js").SilentOne} SilentOne */

/** @param {{sensors: number, gateways: number, nameable: number, named: SilentOne[]}} silent @param {number} most */
export function silentList(silent, most) {
  const shown = silent.named.slice(0, most);
  const hidden = silent.nameable - shown.length;
  const counts = [silent.gateways && t("now.silentGateways", { n: silent.gateways }), silent.sensors && t("now.silentSensors", { n: silent.sensors })];
  return el("section", { class: `silent ${shown.length ? "" : "none"}` },
    el("h2", { class: "heading" }, t("now.silent"), el("small", {}, counts.filter(Boolean).join(" · ") || t("now.silentNone"))),
    shown.length ? el("ul", { class: "silent-list" }, ...shown.map(row), hidden > 0 ? el("li", { class: "more" }, t("now.moreSilent", { n: hidden })) : null) : null);
}

/** @param {SilentOne} one */
function row(one) {
  const where = one.kind === "gateway" ? t("now.behind", { n: one.behind }) : [one.district, one.township].filter(Boolean).join(" ") || t("unlocated");
  return el("li", { class: `silent-${one.kind} ${one.exercise ? "is-drill" : ""}`, "data-silent": `${one.kind}-${one.number}` },
    shape("silent"),
    el("span", { class: "silent-name" }, one.exercise && drillMark(), one.kind === "gateway" && el("i", {}, t("now.gateway")), el("b", {}, one.name),
      el("small", {}, [one.quantity && word("quantity", one.quantity), where].filter(Boolean).join(" · "))),
    countUp(one.since, "", "silent-for"));
}
