/** An incident in the queue: how grave, what, where, how long nobody has answered, and who was called. */

import { said, say } from "../address.js";
import { el } from "../dom.js";
import { measured } from "../format.js";
import { badge } from "../levels.js";
import { store } from "../store.js";
import { t, word } from "../strings.js";
import { countUp } from "./ticking.js";

/** @typedef {import("./told.js").Waiting} Waiting */

/** @param {Waiting} one */
export function incidentRow(one) {
  const drill = one.exercise ? "is-drill" : "";
  return el("li", { class: `alert of-incident level-${one.level} ${drill} ${one.waiting ? "waits" : "taken"}` },
    el("button", { type: "button", onclick: () => say({ incident: one.id }), "data-queue": one.id, "aria-current": said("incident") === String(one.id) ? "true" : null },
      el("span", { class: "alert-level" }, badge(one.level), one.exercise && drillMark()),
      el("span", { class: "alert-name" }, word("family", one.family), el("span", { class: "alert-where" }, where(one)),
        el("small", {}, [gravest(one), alerts(one), plan(one)].filter(Boolean).join(" · "))),
      el("span", { class: "alert-value" }, ...answer(one))));
}

/** What no exercise goes without. */
export const drillMark = () => el("span", { class: "drill" }, t("now.drill"));

/** @param {Waiting} one */
export function where(one) {
  if (one.townships === 0) return t("unlocated");
  return one.township ?? `${one.district ?? ""} ${t("now.places", { n: one.townships })}`.trim();
}

/** The gravest alert's own words, with its last value. @param {Waiting} one */
function gravest(one) {
  const alert = store.board?.alerts.find(({ id }) => id === one.alert_ids[0]);
  const station = alert && alert.sensor_id !== null ? store.stations.get(alert.sensor_id) : undefined;
  const value = station ? store.values.get(station.id)?.value ?? alert?.value : null;
  return station && value !== null && value !== undefined ? `${one.label} ${measured(value, station.unit)} ${station.unit}` : one.label;
}

/** @param {Waiting} one */
const alerts = (one) => (one.open_alerts === 1 ? t("now.alertOf") : t("now.alertsOf", { n: one.open_alerts }));

/** @param {Waiting} one */
function plan(one) {
  if (!one.runs.length) return t("now.noPlan");
  return one.called ? t("now.planCalled", one) : t("now.planRuns");
}

/** @param {Waiting} one */
function answer(one) {
  if (one.waiting && one.waiting_since) return [countUp(one.waiting_since), el("small", {}, t("now.waits"))];
  return [el("small", { class: "answered" }, t(one.open_alerts ? "now.answered" : "now.aside"))];
}
