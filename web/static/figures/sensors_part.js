/** Sensors: which are heard, over time; and which divisions they cover. */

import { dayAndTime, shortDay, timeOfDay } from "../format.js";
import { t } from "../strings.js";
import { card } from "./card.js";
import { percent } from "./saying.js";
import { table } from "./tables.js";
import { colour, ground } from "./theme.js";

/** @param {any} told */
export function online(told) {
  const rows = told.online.map((/** @type {any} */ one) => ({ ...one, ms: Date.parse(one.at), heard: one.sensors - one.silent }));
  const known = rows.some((/** @type {any} */ one) => one.sensors > 0);
  const hourly = rows.length > 1 && rows[1].ms - rows[0].ms < 86_400_000;
  return card("online", told, {
    empty: known ? "" : rows.length ? t("figures.emptySensors") : t("figures.notYet"),
    option: () => line(rows, rows.map((/** @type {any} */ one) => (hourly ? timeOfDay(one.ms) : shortDay(one.ms - 1)))),
    table: table([
      { name: t("figures.at"), of: (row) => dayAndTime(row.ms), text: true },
      { name: t("figures.sensors"), of: (row) => row.sensors },
      { name: t("figures.silent"), of: (row) => row.silent },
      { name: t("figures.share"), of: (row) => row.heard, show: (_, row) => percent(row.heard, row.sensors) },
    ], rows),
  });
}

/** @param {any[]} rows @param {string[]} names */
function line(rows, names) {
  const { axis, base } = ground();
  const shares = rows.map((row) => (row.sensors ? Math.round((1000 * row.heard) / row.sensors) / 10 : null));
  const least = Math.min(100, ...shares.filter((one) => one !== null));
  return {
    ...base,
    legend: { show: false },
    grid: { ...base.grid, top: 16 },
    tooltip: { ...base.tooltip, axisPointer: { type: "line" }, valueFormatter: (/** @type {number} */ value) => `${value}%` },
    xAxis: { ...axis, type: "category", data: names, boundaryGap: false, splitLine: { show: false } },
    yAxis: { ...axis, type: "value", max: 100, min: Math.max(0, Math.floor((least - 5) / 10) * 10), axisLabel: { ...axis.axisLabel, formatter: "{value}%" } },
    series: [{ name: t("figures.share"), type: "line", data: shares, symbol: rows.length < 2 ? "circle" : "none", symbolSize: 10, lineStyle: { color: colour("--calm"), width: 3 }, itemStyle: { color: colour("--calm") }, areaStyle: { color: colour("--calm"), opacity: 0.15 } }],
  };
}

/** @param {any} told */
export function coverage(told) {
  const names = new Map(told.units.map((/** @type {any} */ unit) => [unit.id, unit.name]));
  const rows = told.coverage.filter((/** @type {any} */ one) => !one.of_all).map((/** @type {any} */ one) => ({
    ...one, name: names.get(one.unit_id) ?? t("figures.elsewhere"), heard: one.covered - one.dark, bare: one.cells - one.covered,
  }));
  const places = new Map(told.units.map((/** @type {any} */ unit, /** @type {number} */ place) => [unit.id, place]));
  rows.sort((/** @type {any} */ one, /** @type {any} */ other) => (places.get(one.unit_id) ?? 1e9) - (places.get(other.unit_id) ?? 1e9));
  const all = told.coverage.find((/** @type {any} */ one) => one.of_all);
  return card("coverage", told, {
    empty: all && all.cells ? "" : t("figures.emptyUnits"),
    option: () => stand({ ...all, heard: all.covered - all.dark, bare: all.cells - all.covered }),
    table: table([
      { name: t(`figures.unit.${told.level}`), of: (row) => row.name, text: true },
      ...["cells", "located", "covered", "dark", "sensors", "silent", "unheard"].map((field) => ({ name: t(`figures.${field}`), of: (/** @type {any} */ row) => row[field] })),
    ], rows, { last: { ...all, name: t("figures.all") } }),
  });
}

/** What there is in all, one bar each. @param {any} all */
function stand(all) {
  const { axis, base, text, font } = ground();
  const fields = ["bare", "dark", "heard", "located", "cells"];
  return {
    ...base,
    legend: { show: false },
    grid: { ...base.grid, top: 8, right: 70 },
    xAxis: { ...axis, type: "value", minInterval: 1, max: all.cells },
    yAxis: { ...axis, type: "category", data: fields.map((field) => t(`figures.${field}`)), splitLine: { show: false } },
    series: [{ name: t("figures.cells"), type: "bar", barMaxWidth: 36, data: fields.map((field) => ({ value: all[field], itemStyle: { color: colour(field === "dark" || field === "bare" ? "--soft" : "--calm") } })), label: { show: true, position: "right", color: text, fontFamily: font, fontSize: base.textStyle.fontSize } }],
  };
}
