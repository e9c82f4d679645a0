/** The queue: open alerts, worst first, then the one that has stood longest. */

import { byId, el } from "./dom.js";
import { fitRows, whenResized } from "./fitting.js";
import { measured, shortDay, timeOfDay } from "./format.js";
import { badge, trend } from "./levels.js";
import { ruleName } from "./names.js";
import { now, store, whenAny } from "./store.js";
import { t } from "./strings.js";
import { margin } from "./thresholds.js";
import { watchList } from "./watch.js";

/** Keep the queue up to date. @param {(sensor: number) => void} onSelect */
export function drawQueue(onSelect) {
  const draw = () => renew(onSelect);
  whenAny(["board", "values", "stations"], draw);
  whenResized(byId("alerts"), draw);
}

/** @param {(sensor: number) => void} onSelect */
function renew(onSelect) {
  if (!store.board) return;
  const { alerts } = store.board;
  const list = alerts.length ? el("ol", { class: "alerts" }, ...alerts.map((alert) => row(alert, onSelect))) : watchList(onSelect);
  byId("alerts").replaceChildren(
    el("h2", { class: "heading" }, t(alerts.length ? "queue" : "watch"),
      el("small", {}, alerts.length ? t("openAlertsNote", { n: alerts.length }) : t("watchNote"))),
    list);
  fitRows(list, (n) => t(alerts.length ? "moreAlerts" : "moreStations", { n }));
}

/** @param {import("./store.js").Alert} alert @param {(sensor: number) => void} onSelect */
function row(alert, onSelect) {
  const last = store.values.get(alert.sensor_id);
  const value = last?.value ?? alert.value;
  const station = store.stations.get(alert.sensor_id);
  return el("li", { class: `alert level-${alert.level}` },
    el("button", { type: "button", onclick: () => onSelect(alert.sensor_id), "data-alert": alert.id },
      el("span", { class: "alert-level" }, badge(alert.level), el("small", {}, since(alert))),
      el("span", { class: "alert-name" }, alert.label || alert.sensor, el("em", {}, ruleName(alert.rule_id)), el("small", {}, where(alert))),
      el("span", { class: "alert-value" },
        el("span", {}, measured(value, alert.unit), el("i", {}, alert.unit), last ? trend(last.previous, value) : null),
        el("small", {}, station ? margin(station, value) : ""))));
}

/** @param {import("./store.js").Alert} alert */
function where(alert) {
  return alert.township ? `${alert.district ?? ""} ${alert.township}` : t("unlocated");
}

/** Since when the level stands: the time, or the day where that was not today. @param {import("./store.js").Alert} alert */
function since(alert) {
  const changed = Date.parse(alert.changed_at);
  return shortDay(changed) === shortDay(now()) ? timeOfDay(changed) : shortDay(changed);
}
