/** Divisions beside each other: a table sorted by any column, and that column as bars. */

import { t } from "../strings.js";
import { card } from "./card.js";
import { graded, levelColumns } from "./levels_part.js";
import { percent, took } from "./saying.js";
import { ordered, table } from "./tables.js";
import { colour, ground, size } from "./theme.js";

const DRAWN = 20;
let by = 5; // all alerts; kept while the page is open

/** @param {any} told @param {() => void} again */
export function comparison(told, again) {
  const rows = gathered(told);
  const columns = columnsOf(told);
  by = Math.min(by, columns.length - 1);
  const shown = ordered(columns[by], rows).slice(0, DRAWN);
  return card("comparison", told, {
    wide: true,
    empty: told.units.length ? "" : t("figures.emptyUnits"),
    option: () => bars(shown, by === 0 ? columns[5] : columns[by]),
    note: rows.length > DRAWN ? t("figures.topShown", { n: DRAWN }) : "",
    table: table(columns, rows, { by, sorted: (number) => { by = number; again(); } }),
  });
}

/** A row for each division, and one for what lies in none. @param {any} told */
function gathered(told) {
  const grades = graded(told, "unit", "unit_id");
  const medians = (/** @type {any[]} */ times) => new Map(times.filter((one) => !one.of_all).map((one) => [one.unit_id, one.marks[0]]));
  const of = (/** @type {any[]} */ list, /** @type {string} */ key) => new Map(list.filter((one) => !one.of_all).map((one) => [one[key], one]));
  const [acknowledged, answers] = [medians(told.alert_times), medians(told.tasks?.times ?? [])];
  const [tasks, events, sensors] = [of(told.tasks?.counts ?? [], "unit_id"), of(told.events?.closure ?? [], "division_id"), of(told.coverage, "unit_id")];
  const rows = told.units.map((/** @type {any} */ unit) => ({ id: unit.id, name: unit.name }));
  if (grades.has(null) || tasks.has(null) || events.has(null) || sensors.has(null)) rows.push({ id: null, name: t("figures.elsewhere") });
  return rows.map((/** @type {any} */ row) => ({
    ...row, ...(grades.get(row.id) ?? {}), ack: acknowledged.get(row.id), answer: answers.get(row.id),
    tasks: tasks.get(row.id), events: events.get(row.id), sensors: sensors.get(row.id),
  }));
}

/** @param {any} told @returns {import("./tables.js").Column[]} */
function columnsOf(told) {
  const share = (/** @type {number} */ part, /** @type {number} */ whole) => (whole ? (100 * part) / whole : null);
  const shown = (/** @type {any} */ value) => (value === null || value === undefined ? t("figures.none") : percent(value, 100));
  const columns = [
    { name: t(`figures.unit.${told.level}`), of: (/** @type {any} */ row) => row.name, text: true },
    ...levelColumns(),
    { name: t("figures.ackMedian"), of: (/** @type {any} */ row) => row.ack, show: took },
  ];
  if (told.tasks) {
    columns.push(
      { name: t("figures.called"), of: (row) => row.tasks?.called ?? 0 },
      { name: t("figures.answered"), of: (row) => share(row.tasks?.answered, row.tasks?.called), show: shown },
      { name: t("figures.answerMedian"), of: (row) => row.answer, show: took },
    );
  }
  if (told.events) {
    columns.push(
      { name: t("figures.reported"), of: (row) => row.events?.reported ?? 0 },
      { name: t("figures.closed"), of: (row) => share(row.events?.closed, row.events?.reported), show: shown },
      { name: t("figures.inGrid"), of: (row) => share(row.events?.closed_grid, row.events?.closed), show: shown },
    );
  }
  columns.push({ name: t("figures.share"), of: (row) => share(row.sensors?.sensors - row.sensors?.silent - row.sensors?.unheard, row.sensors?.sensors), show: shown });
  return columns;
}

/** @param {any[]} rows @param {import("./tables.js").Column} column */
function bars(rows, column) {
  const { axis, base, text, font } = ground();
  const show = (/** @type {any} */ value) => (column.show ? column.show(value, {}) : String(value ?? ""));
  return {
    ...base,
    legend: { show: false },
    grid: { ...base.grid, top: 34 },
    tooltip: { ...base.tooltip, valueFormatter: show },
    xAxis: { ...axis, type: "category", data: rows.map((row) => row.name), splitLine: { show: false }, axisLabel: { ...axis.axisLabel, interval: 0, rotate: rows.length > 6 ? 35 : 0, width: size() * 8, overflow: "truncate", hideOverlap: false } },
    yAxis: { ...axis, type: "value", name: column.name, nameTextStyle: { ...axis.nameTextStyle, align: "left" }, axisLabel: { ...axis.axisLabel, formatter: show } },
    series: [{ name: column.name, type: "bar", barMaxWidth: 46, data: rows.map((row) => column.of(row) ?? 0), itemStyle: { color: colour("--calm") }, label: { show: rows.length <= 12, position: "top", color: text, fontFamily: font, fontSize: size(), formatter: (/** @type {any} */ one) => show(one.value) } }],
  };
}
