/** How long steps took: marks and a histogram of each step. */

import { el } from "../dom.js";
import { t } from "../strings.js";
import { card } from "./card.js";
import { percent, took } from "./saying.js";
import { table } from "./tables.js";
import { ground, series, size } from "./theme.js";

const BINS = [0, 1, 2, 3, 4, 5, 6, 7];
const STEPS = {
  alerts: ["acknowledged", "in_hand", "resolved", "closed"],
  tasks: ["acknowledged", "on_site", "done"],
  events: ["accepted", "assigned", "handled", "verified", "whole"],
};

/** @param {string} key @param {"alerts" | "tasks" | "events"} of @param {any} told @param {any[]} times @param {string} empty */
export function timesCard(key, of, told, times, empty) {
  const rows = STEPS[of].map((step) => times.find((one) => one.of_all && one.step === step)).filter(Boolean)
    .map((one) => ({ ...one, name: t(`figures.${of}.${one.step}`) }));
  return card(key, told, {
    empty: rows.length ? "" : empty,
    above: rows.length ? marks(rows) : null,
    option: () => histogram(rows),
    table: table([
      { name: t("figures.step"), of: (row) => row.name, text: true },
      { name: t("figures.count"), of: (row) => row.count },
      ...[0, 1, 2].map((place) => ({ name: t(["figures.p50", "figures.p90", "figures.p99"][place]), of: (/** @type {any} */ row) => row.marks[place], show: took })),
      { name: t("figures.longest"), of: (row) => row.longest_s, show: took },
      ...BINS.map((bin) => ({ name: t(`figures.bin.${bin}`), of: (/** @type {any} */ row) => row.bins[bin] })),
    ], rows),
  });
}

/** The three marks of each step, as words. @param {any[]} rows */
function marks(rows) {
  return el("ul", { class: "figure-marks" }, ...rows.map((row) => el("li", {},
    el("span", {}, row.name), el("b", {}, took(row.marks[0])),
    el("small", {}, `${t("figures.p90")} ${took(row.marks[1])}`), el("small", {}, `${t("figures.p99")} ${took(row.marks[2])}`))));
}

/** Of each step, the share within each stretch. @param {any[]} rows */
function histogram(rows) {
  const { axis, base } = ground();
  const colours = series();
  return {
    ...base,
    tooltip: { ...base.tooltip, valueFormatter: (/** @type {number} */ value) => `${value}%` },
    xAxis: { ...axis, type: "category", data: BINS.map((bin) => t(`figures.bin.${bin}`)), splitLine: { show: false }, axisLabel: { ...axis.axisLabel, interval: 0, hideOverlap: false, fontSize: size() - 2, rotate: 30 } },
    yAxis: { ...axis, type: "value", max: 100, axisLabel: { ...axis.axisLabel, formatter: "{value}%" } },
    series: rows.map((row, number) => ({
      name: row.name, type: "bar", barGap: 0.05, data: BINS.map((bin) => Number.parseFloat(percent(row.bins[bin], row.count)) || 0),
      itemStyle: { color: colours[number % colours.length] },
    })),
  };
}
