/** Numbers as the figures say them. */

import { t, word } from "../strings.js";

/** A stretch of time in one unit. @param {number | null | undefined} seconds */
export function took(seconds) {
  if (seconds === null || seconds === undefined) return t("figures.none");
  if (seconds < 90) return t("figures.s", { n: Math.round(seconds) });
  if (seconds < 5400) return t("figures.min", { n: short(seconds / 60) });
  if (seconds < 172800) return t("figures.h", { n: short(seconds / 3600) });
  return t("figures.d", { n: short(seconds / 86400) });
}

/** @param {number} n */
const short = (n) => String(n < 10 ? Math.round(n * 10) / 10 : Math.round(n));

/** A share of something; — of nothing. @param {number | null | undefined} part @param {number | null | undefined} whole */
export const percent = (part, whole) => (whole ? `${(Math.round((1000 * (part ?? 0)) / whole) / 10).toFixed(1)}%` : t("figures.none"));

/** @param {string} family */
export const familyName = (family) => (family === "" ? t("figures.none") : word("family", family));

/** Sum of one field. @param {any[]} rows @param {string} field */
export const sum = (rows, field) => rows.reduce((all, row) => all + row[field], 0);
