/** Closure, false alarms and load. */

import { language, t } from "../strings.js";
import { card } from "./card.js";
import { percent } from "./saying.js";
import { table } from "./tables.js";
import { ground, series, size } from "./theme.js";

const DRAWN = 12;

/** @param {any} told */
export function closure(told) {
  if (!told.events) return card("closure", told, { empty: t("figures.noRight", { right: "events.read" }) });
  const names = new Map(told.units.map((/** @type {any} */ unit) => [unit.id, unit.name]));
  const rows = told.events.closure.filter((/** @type {any} */ one) => !one.of_all)
    .map((/** @type {any} */ one) => ({ ...one, name: names.get(one.division_id) ?? t("figures.elsewhere") }));
  const all = told.events.closure.find((/** @type {any} */ one) => one.of_all);
  const drawn = [...rows].sort((one, other) => other.reported - one.reported).slice(0, DRAWN).reverse();
  return card("closure", told, {
    empty: all.reported ? "" : told.drills ? t("figures.emptyDrills") : t("figures.emptyEvents"),
    option: () => lying(drawn, ["closed_grid", "closed_village", "closed_township", "closed_district", "left"].map((field) => ({
      name: field === "left" ? t("figures.open") : t(`figures.unit.${field.slice(7)}`), of: (/** @type {any} */ row) => (field === "left" ? row.reported - row.closed : row[field]),
    }))),
    note: rows.length > DRAWN ? t("figures.topShown", { n: DRAWN }) : "",
    table: table([
      { name: t(`figures.unit.${told.level}`), of: (row) => row.name, text: true },
      { name: t("figures.reported"), of: (row) => row.reported },
      { name: t("figures.closed"), of: (row) => row.closed },
      ...["grid", "village", "township", "district"].map((level) => ({ name: t(`figures.unit.${level}`), of: (/** @type {any} */ row) => row[`closed_${level}`] })),
      { name: t("figures.inGrid"), of: (row) => row.closed_grid, show: (_, row) => percent(row.closed_grid, row.closed) },
      { name: t("figures.inVillage"), of: (row) => row.closed_grid, show: (_, row) => percent(row.closed_grid + row.closed_village, row.closed) },
      { name: t("figures.late"), of: (row) => row.was_late },
    ], rows, { last: { ...all, name: t("figures.all") } }),
  });
}

/** @param {any} told */
export function falseAlarms(told) {
  const rows = told.false_alarms.map((/** @type {any} */ one) => ({ ...one, name: told.rules[one.rule_id]?.[language] ?? one.rule_id }));
  const judged = rows.filter((/** @type {any} */ one) => one.judged > 0).slice(0, DRAWN).reverse();
  return card("false_alarms", told, {
    empty: judged.length ? "" : rows.length ? t("figures.emptyJudged") : told.drills ? t("figures.emptyDrills") : t("figures.emptyAlerts"),
    option: () => lying(judged, [
      { name: t("figures.false"), of: (row) => row.false_alarms },
      { name: t("figures.trials"), of: (row) => row.trials },
      { name: t("figures.real"), of: (row) => row.real },
    ]),
    table: table([
      { name: t("figures.rule"), of: (row) => row.name, text: true },
      { name: t("figures.all"), of: (row) => row.raised },
      { name: t("figures.judged"), of: (row) => row.judged },
      { name: t("figures.real"), of: (row) => row.real },
      { name: t("figures.false"), of: (row) => row.false_alarms },
      { name: t("figures.trials"), of: (row) => row.trials },
      { name: t("figures.falseShare"), of: (row) => row.false_alarms, show: (_, row) => percent(row.false_alarms, row.judged) },
    ], rows),
  });
}

/** @param {any} told */
export function load(told) {
  if (!told.tasks) return card("load", told, { empty: t("figures.noRight", { right: "plans.read" }) });
  const rows = told.tasks.load.map((/** @type {any} */ one) => {
    const post = language === "zh" ? one.post_zh : one.post_en;
    const people = one.name === null ? one.holders || one.people : 1;
    return { ...one, post, each: Math.round((10 * one.answered) / Math.max(1, people)) / 10, left: one.answered - one.done - one.open, who: one.name === null ? `${one.place} ${post}` : one.name };
  });
  const named = rows.some((/** @type {any} */ one) => one.name !== null);
  return card("load", told, {
    empty: rows.length ? "" : told.drills ? t("figures.emptyDrills") : t("figures.emptyTasks"),
    option: () => lying(rows.slice(0, DRAWN).reverse(), [
      { name: t("figures.done"), of: (row) => row.done },
      { name: t("figures.openTasks"), of: (row) => row.open },
      { name: t("figures.answered"), of: (row) => Math.max(0, row.left) },
    ], (row) => row.who),
    note: rows.length > DRAWN ? t("figures.topShown", { n: DRAWN }) : "",
    table: table([
      { name: named ? t("figures.person") : t("figures.post"), of: (row) => (named ? row.name : row.post), text: true },
      ...(named ? [{ name: t("figures.post"), of: (/** @type {any} */ row) => row.post, text: true }] : []),
      { name: t("figures.place"), of: (row) => row.place, text: true },
      ...(named ? [] : [{ name: t("figures.holders"), of: (/** @type {any} */ row) => row.holders }]),
      { name: t("figures.answered"), of: (row) => row.answered },
      { name: t("figures.done"), of: (row) => row.done },
      { name: t("figures.openTasks"), of: (row) => row.open },
      { name: t("figures.late"), of: (row) => row.late },
      ...(named ? [] : [{ name: t("figures.each"), of: (/** @type {any} */ row) => row.each }]),
    ], rows),
  });
}

/** Bars that lie, in parts. @param {any[]} rows the last is the topmost @param {Array<{name: string, of: (row: any) => number}>} parts @param {(row: any) => string} [name] */
function lying(rows, parts, name = (row) => row.name) {
  const { axis, base, panel } = ground();
  const colours = [...series(), "transparent"];
  const { soft } = ground();
  return {
    ...base,
    xAxis: { ...axis, type: "value", minInterval: 1 },
    yAxis: { ...axis, type: "category", data: rows.map(name), splitLine: { show: false }, axisLabel: { ...axis.axisLabel, width: size() * 11, overflow: "truncate", interval: 0, hideOverlap: false } },
    series: parts.map((part, number) => ({ part, number })).filter(({ part }) => rows.some((row) => part.of(row) > 0)).map(({ part, number }) => ({
      name: part.name, type: "bar", stack: "all", barMaxWidth: 30, data: rows.map(part.of),
      itemStyle: { color: colours[number % colours.length], borderColor: number === 4 ? soft : panel, borderWidth: 1 },
    })),
  };
}
