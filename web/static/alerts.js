/** The queue: open alerts, worst first, then the one that has stood longest. */

import { byId, el } from "./dom.js";
import { dayAndTime, measured } from "./format.js";
import { badge, trend } from "./levels.js";
import { store, when } from "./store.js";
import { t, word } from "./strings.js";
import { margin } from "./thresholds.js";

/** Keep the queue up to date. @param {(sensor: number) => void} onSelect */
export function drawQueue(onSelect) {
  const draw = () => renew(onSelect);
  for (const topic of /** @type {const} */ (["board", "values", "stations"])) when(topic, draw);
}

/** @param {(sensor: number) => void} onSelect */
function renew(onSelect) {
  if (!store.board) return;
  const { alerts } = store.board;
  byId("alerts").replaceChildren(
    el("h2", { class: "heading" }, t("queue"), el("small", {}, alerts.length ? t("openAlertsNote", { n: alerts.length }) : t("none"))),
    alerts.length
      ? el("ol", { class: "alerts" }, ...alerts.map((alert) => row(alert, onSelect)))
      : el("p", { class: "quiet" }, t("queueQuiet")));
}

/** @param {import("./store.js").Alert} alert @param {(sensor: number) => void} onSelect */
function row(alert, onSelect) {
  const last = store.values.get(alert.sensor_id);
  const value = last?.value ?? alert.value;
  return el("li", { class: `alert level-${alert.level}` },
    el("button", { type: "button", onclick: () => onSelect(alert.sensor_id), "data-alert": alert.id },
      badge(alert.level),
      el("span", { class: "alert-name" }, alert.label || alert.sensor, el("small", {}, where(alert))),
      el("span", { class: "alert-value" },
        el("span", {}, measured(value, alert.unit), el("i", {}, alert.unit), last ? trend(last.previous, value) : null),
        el("small", {}, standing(alert, value)))));
}

/** @param {import("./store.js").Alert} alert */
function where(alert) {
  const place = alert.township ? `${alert.district ?? ""} ${alert.township}` : t("unlocated");
  return [word("rule", alert.rule_id), place].join(" · ");
}

/** @param {import("./store.js").Alert} alert @param {number} value */
function standing(alert, value) {
  const station = store.stations.get(alert.sensor_id);
  const since = t("since", { time: dayAndTime(Date.parse(alert.changed_at)) });
  return [station && margin(station, value), since].filter(Boolean).join(" · ");
}
