/** The queue: incidents and the alerts that belong to none, worst first, then by how long nobody has answered. */

import { byId, el } from "./dom.js";
import { fitRows, whenResized } from "./fitting.js";
import { measured, shortDay, timeOfDay } from "./format.js";
import { badge, trend } from "./levels.js";
import { ruleName } from "./names.js";
import { drillMark, incidentRow } from "./now/incident_row.js";
import { paged } from "./now/paging.js";
import { soundButton } from "./now/sound.js";
import { now as telling, whenTold } from "./now/told.js";
import { waiting } from "./now/waiting.js";
import { now, store, when, whenAny } from "./store.js";
import { t, word } from "./strings.js";
import { margin } from "./thresholds.js";
import { watchList } from "./watch.js";

/** @typedef {import("./store.js").Alert} Alert */

const VALUES_MS = 1_000; // values change ten times a second: a list that is read need not
const pages = paged();

/** Keep the queue up to date. @param {(sensor: number) => void} onSelect @param {(alert: Alert) => void} onAlert */
export function drawQueue(onSelect, onAlert) {
  let [held, late] = [false, 0];
  const draw = () => { if (!held) renew(onSelect, onAlert); };
  whenAny(["board", "stations"], draw);
  when("values", () => { late ||= window.setTimeout(() => { late = 0; draw(); }, VALUES_MS); });
  whenTold(draw);
  whenResized(byId("alerts"), draw);
  byId("alerts").addEventListener("pointerdown", () => { held = true; }); // what is pressed stays until it is let go
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => { if (held) setTimeout(() => { held = false; draw(); }); });
}

/** @param {(sensor: number) => void} onSelect @param {(alert: Alert) => void} onAlert */
function renew(onSelect, onAlert) {
  if (!store.board) return;
  const items = waiting();
  if (!items.length) return quiet(onSelect);
  if (!pages.list.isConnected) byId("alerts").replaceChildren(el("h2", { class: "heading" }), pages.list, pages.foot);
  byId("alerts").firstElementChild?.replaceChildren(t("queue"), el("small", {}, note()), soundButton);
  pages.draw(items.map(({ incident, alert }) => () => (incident ? incidentRow(incident) : row(alert, onAlert))));
}

/** No alert is open: the stations, those nearest to a threshold first. @param {(sensor: number) => void} onSelect */
function quiet(onSelect) {
  const list = watchList(onSelect);
  byId("alerts").style.minHeight = "";
  byId("alerts").replaceChildren(
    el("h2", { class: "heading" }, t("watch"), el("small", {}, [t("watchNote"), ...aside()].join(" · "))), list);
  fitRows(list, (n) => t("moreStations", { n }));
}

/** How many there are; what is open and not shown is counted, so that nobody forgets it. */
function note() {
  const open = store.board?.alerts.length ?? 0;
  const [incidents, listed] = [telling.told?.incident_count ?? 0, telling.told?.incidents.length ?? 0];
  const beyond = incidents > listed ? t("now.beyond", { n: incidents - listed }) : "";
  const told = incidents ? t("now.queueNote", { incidents, alerts: open }) : t("openAlertsNote", { n: open });
  return [told, beyond, ...aside()].filter(Boolean).join(" · ");
}

function aside() {
  const { suppressed = 0, inhibited = 0 } = store.board?.counts ?? {};
  return [suppressed && t("suppressedNote", { n: suppressed }), inhibited && t("inhibitedNote", { n: inhibited })].filter(Boolean);
}

/** @param {Alert} alert @param {(alert: Alert) => void} onAlert */
function row(alert, onAlert) {
  const last = alert.sensor_id === null ? undefined : store.values.get(alert.sensor_id);
  const value = last?.value ?? alert.value;
  const station = alert.sensor_id === null ? undefined : store.stations.get(alert.sensor_id);
  return el("li", { class: `alert level-${alert.level} state-${alert.state} ${alert.exercise ? "is-drill" : ""}` },
    el("button", { type: "button", onclick: () => onAlert(alert), "data-alert": alert.id },
      el("span", { class: "alert-level" }, badge(alert.level), alert.exercise ? drillMark() : el("small", {}, since(alert))),
      el("span", { class: "alert-name" }, alert.label || alert.sensor, el("em", {}, what(alert)), el("small", {}, where(alert))),
      el("span", { class: "alert-value" },
        station && value !== null ? el("span", {}, measured(value, alert.unit), el("i", {}, alert.unit), last ? trend(last.previous, last.value) : null) : null,
        el("small", {}, [station && value !== null ? margin(station, value) : "", taken(alert)].filter(Boolean).join(" · ")))));
}

/** The rule, or that a person says so. @param {Alert} alert */
const what = (alert) => (alert.kind === "manual" ? t("reported") : ruleName(alert.rule_id));

/** That somebody has it; that nobody has is what an alert in the queue means anyhow. @param {Alert} alert */
const taken = (alert) => (alert.state === "open" ? "" : word("state", alert.state));

/** @param {Alert} alert */
function where(alert) {
  return alert.township ? `${alert.district ?? ""} ${alert.township}` : t("unlocated");
}

/** Since when the level stands: the time, or the day where that was not today. @param {Alert} alert */
function since(alert) {
  const changed = Date.parse(alert.changed_at);
  return shortDay(changed) === shortDay(now()) ? timeOfDay(changed) : shortDay(changed);
}
