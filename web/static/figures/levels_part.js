/** Alerts: by day, and by kind, in the colours of their levels. */

import { LEVELS } from "../levels.js";
import { t } from "../strings.js";
import { card } from "./card.js";
import { familyName } from "./saying.js";
import { table } from "./tables.js";
import { ground, levelColour, size } from "./theme.js";

/** Level counts by a key. @param {any} told @param {string} by @param {string} field @returns {Map<any, any>} */
export function graded(told, by, field) {
  const found = new Map();
  for (const one of told.alerts) {
    if (one.by !== by) continue;
    const there = found.get(one[field]) ?? { red: 0, orange: 0, yellow: 0, blue: 0, all: 0 };
    there[one.peak] += one.count;
    there.all += one.count;
    found.set(one[field], there);
  }
  return found;
}

/** @param {any} told */
export const allAlerts = (told) => LEVELS.reduce((all, level) => all + (told.this.alerts[level] ?? 0), 0);

/** Columns for the levels and their sum. */
export const levelColumns = () => [
  ...LEVELS.map((level) => ({ name: t(`level.${level}`), of: (/** @type {any} */ row) => row[level] ?? 0 })),
  { name: t("figures.all"), of: (/** @type {any} */ row) => row.all ?? 0 },
];

/** @param {any} told */
function whole(told) {
  return { ...Object.fromEntries(LEVELS.map((level) => [level, told.this.alerts[level] ?? 0])), all: allAlerts(told), name: t("figures.all") };
}

/** @param {any} told */
const why = (told) => (told.days.length === 0 ? t("figures.notYet") : told.drills ? t("figures.emptyDrills") : t("figures.emptyAlerts"));

/** @param {any} told */
export function byDay(told) {
  const found = graded(told, "day", "day");
  const rows = told.days.map((/** @type {string} */ day) => ({ name: day, ...(found.get(day) ?? {}) }));
  return card("alerts_by_day", told, {
    wide: true,
    empty: allAlerts(told) ? "" : why(told),
    option: () => stacked(rows, rows.map((/** @type {any} */ row) => row.name.slice(5)), false),
    table: table([{ name: t("figures.day"), of: (row) => row.name, text: true }, ...levelColumns()], rows, { last: whole(told) }),
  });
}

/** @param {any} told */
export function byFamily(told) {
  const rows = [...graded(told, "family", "family")].map(([family, counts]) => ({ name: familyName(family), ...counts }));
  rows.sort((one, other) => other.all - one.all);
  return card("alerts_by_family", told, {
    empty: rows.length ? "" : why(told),
    option: () => stacked(rows.slice(0, 10).reverse(), rows.slice(0, 10).reverse().map((row) => row.name), true),
    table: table([{ name: t("figures.family"), of: (row) => row.name, text: true }, ...levelColumns()], rows, { last: whole(told) }),
  });
}

/** One bar for each row, of the levels. @param {any[]} rows @param {string[]} names @param {boolean} lying */
function stacked(rows, names, lying) {
  const { axis, base, text, font, panel } = ground();
  const words = { ...axis, type: "category", data: names, splitLine: { show: false } };
  const numbers = { ...axis, type: "value", minInterval: 1 };
  return {
    ...base,
    xAxis: lying ? numbers : words,
    yAxis: lying ? words : numbers,
    series: [...LEVELS].reverse().map((level) => ({
      name: t(`level.${level}`), type: "bar", stack: "all", barMaxWidth: 46, data: rows.map((row) => row[level] ?? 0),
      itemStyle: { color: levelColour(level), borderColor: panel, borderWidth: 1 },
      label: level === "red" && rows.length <= 12 ? { show: true, position: lying ? "right" : "top", color: text, fontFamily: font, fontSize: size(), formatter: (/** @type {any} */ one) => String(rows[one.dataIndex].all ?? "") } : undefined,
    })),
  };
}
