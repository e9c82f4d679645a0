/** Above the map: what the alerts amount to (事件), and what the authorities have announced (官方预警). */

import { byId, el, svg } from "./dom.js";
import { shortDay, timeOfDay } from "./format.js";
import { badge } from "./levels.js";
import { drillMark } from "./now/incident_row.js";
import { now, store, whenAny } from "./store.js";
import { t, word } from "./strings.js";

/** Keep both lines up to date. @param {(incident: import("./store.js").Incident) => void} onIncident */
export function drawNotices(onIncident) {
  const draw = () => {
    const { incidents = [], incident_count: all = 0, warnings = [], warning_count: announced = 0 } = store.board?.notices ?? {};
    byId("incidents").hidden = all === 0; // which decides how much room the warnings have
    fill("official", t("official"), announced, warnings.map(official));
    fill("incidents", t("incidents"), all, incidents.map((one) => incident(one, onIncident)));
  };
  whenAny(["board"], draw);
  let width = -1;
  new ResizeObserver(() => {
    if (byId("notices").clientWidth !== width) draw();
    width = byId("notices").clientWidth;
  }).observe(byId("notices"));
}

/** As many whole entries as the line has room for, and the number of the others. @param {string} id @param {string} name @param {number} all @param {HTMLElement[]} entries */
function fill(id, name, all, entries) {
  const line = byId(id);
  line.hidden = all === 0;
  const more = el("li", { class: "notice-more" });
  const list = el("ul", { class: "notice-list" }, ...entries, more);
  line.replaceChildren(el("h2", { class: "notice-name" }, name, el("small", {}, all)), list);
  for (let shown = entries.length; ; shown -= 1) {
    more.textContent = shown < all ? t("moreNotices", { n: all - shown }) : "";
    more.hidden = shown >= all;
    if (shown <= 1 || list.scrollWidth <= list.clientWidth + 1) return;
    entries[shown - 1].remove();
  }
}

/** @param {import("./store.js").Incident} one @param {(incident: import("./store.js").Incident) => void} onIncident */
function incident(one, onIncident) {
  const alerts = t(one.alerts === 1 ? "incidentAlert" : "incidentAlerts", { n: one.alerts });
  const pace = one.newest > 0 ? t("incidentPace", { n: one.newest }) : "";
  return el("li", {}, el("button", { type: "button", class: `incident level-${one.level}${one.exercise ? " is-drill" : ""}`, onclick: () => onIncident(one), "data-incident": one.id },
    badge(one.level),
    el("span", { class: "incident-what" }, one.exercise && drillMark(), el("b", {}, word("family", one.family)), footprint(one), el("i", {}, alerts)),
    el("small", {}, [pace, t("since", { time: moment(one.opened_at) })].filter(Boolean).join(" · "))));
}

/** @param {import("./store.js").Incident} one */
function footprint(one) {
  if (one.townships === 0) return t("unlocated");
  return one.township ?? t("incidentTownships", { n: one.townships });
}

/** Its own sign and frame: nobody takes it for an alert of ours. @param {import("./store.js").OfficialWarning} one */
function official(one) {
  const sign = svg("svg", { viewBox: "0 0 24 24", class: "official-sign", "aria-hidden": "true" }, svg("path", { d: "M3 9.5v5h4l7 5v-15l-7 5zM17 9q2.5 3 0 6M19.5 6.5q4.5 5.5 0 11" }));
  return el("li", { class: `official level-${one.level ?? "none"}`, title: one.headline },
    sign,
    el("span", { class: "official-what" }, one.exercise && drillMark(), el("b", {}, one.event || one.headline), one.level ? el("span", {}, t(`colour.${one.level}`)) : null),
    el("small", {}, el("i", {}, `${one.sender} · `), t("until", { time: moment(one.ends) })));
}

/** The time, with the day where that is not today. @param {string} time */
function moment(time) {
  const ms = Date.parse(time);
  return shortDay(ms) === shortDay(now()) ? timeOfDay(ms) : `${shortDay(ms)} ${timeOfDay(ms)}`;
}
