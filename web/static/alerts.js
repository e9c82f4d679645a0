/** The queue: open alerts, worst first, then the one that has stood longest. */

import { byId, el } from "./dom.js";
import { fitRows, whenResized } from "./fitting.js";
import { measured, shortDay, timeOfDay } from "./format.js";
import { badge, trend } from "./levels.js";
import { ruleName } from "./names.js";
import { now, store, whenAny } from "./store.js";
import { t, word } from "./strings.js";
import { margin } from "./thresholds.js";
import { watchList } from "./watch.js";

/** @typedef {import("./store.js").Alert} Alert */

/** Keep the queue up to date. @param {(sensor: number) => void} onSelect @param {(alert: Alert) => void} onAlert */
export function drawQueue(onSelect, onAlert) {
  const draw = () => renew(onSelect, onAlert);
  whenAny(["board", "values", "stations"], draw);
  whenResized(byId("alerts"), draw);
}

/** @param {(sensor: number) => void} onSelect @param {(alert: Alert) => void} onAlert */
function renew(onSelect, onAlert) {
  if (!store.board) return;
  const { alerts } = store.board;
  const list = alerts.length ? el("ol", { class: "alerts" }, ...alerts.map((alert) => row(alert, onAlert))) : watchList(onSelect);
  byId("alerts").replaceChildren(
    el("h2", { class: "heading" }, t(alerts.length ? "queue" : "watch"),
      el("small", {}, [alerts.length ? t("openAlertsNote", { n: alerts.length }) : t("watchNote"), ...aside()].join(" · "))),
    list);
  fitRows(list, (n) => t(alerts.length ? "moreAlerts" : "moreStations", { n }));
}

/** What is open and not shown: counted, so that nobody forgets it. */
function aside() {
  const { suppressed = 0, inhibited = 0 } = store.board?.counts ?? {};
  return [suppressed && t("suppressedNote", { n: suppressed }), inhibited && t("inhibitedNote", { n: inhibited })].filter(Boolean);
}

/** @param {Alert} alert @param {(alert: Alert) => void} onAlert */
function row(alert, onAlert) {
  const last = alert.sensor_id === null ? undefined : store.values.get(alert.sensor_id);
  const value = last?.value ?? alert.value;
  const station = alert.sensor_id === null ? undefined : store.stations.get(alert.sensor_id);
  return el("li", { class: `alert level-${alert.level} state-${alert.state}` },
    el("button", { type: "button", onclick: () => onAlert(alert), "data-alert": alert.id },
      el("span", { class: "alert-level" }, badge(alert.level), el("small", {}, since(alert))),
      el("span", { class: "alert-name" }, alert.label || alert.sensor, el("em", {}, what(alert)), el("small", {}, where(alert))),
      el("span", { class: "alert-value" },
        station && value !== null ? el("span", {}, measured(value, alert.unit), el("i", {}, alert.unit), last ? trend(last.previous, value) : null) : null,
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
