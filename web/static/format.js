/** Numbers and times as people read them; every time in Asia/Shanghai, whatever the machine is set to. */

import { language, t } from "./strings.js";

const locale = language === "zh" ? "zh-CN" : "en-GB";
const zone = "Asia/Shanghai";
const whole = new Intl.NumberFormat(language === "zh" ? "zh-CN" : "en-US");
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const seconds = new Intl.DateTimeFormat("en-GB", {
  timeZone: zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
});
const day = new Intl.DateTimeFormat(locale, { timeZone: zone, year: "numeric", month: "long", day: "numeric", weekday: "short" });
const dayOnly = new Intl.DateTimeFormat(locale, { timeZone: zone, month: "numeric", day: "numeric" });

/** @param {number} n */
export const count = (n) => whole.format(n);
/** @param {number} ms since the epoch */
export const timeOfDay = (ms) => clock.format(ms);
/** @param {number} ms */
export const timeWithSeconds = (ms) => seconds.format(ms);
/** @param {number} ms */
export const longDay = (ms) => day.format(ms);
/** @param {number} ms */
export const shortDay = (ms) => dayOnly.format(ms);
/** @param {number} ms */
export const dayAndTime = (ms) => `${shortDay(ms)} ${clock.format(ms)}`;

/**
 * A measured value: two decimals for lengths in metres, fewer for large figures.
 * @param {number} value @param {string} unit
 */
export function measured(value, unit) {
  const digits = unit === "m" ? 2 : Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 100 ? 1 : 2;
  return value.toFixed(digits);
}

/**
 * A stretch of time: 04:59, 2:03:10, 3天4时.
 * @param {number} ms
 */
export function stretch(ms) {
  const s = Math.floor(Math.abs(ms) / 1000);
  const [h, m, rest] = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60];
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (h >= 24) return t("days", { d: Math.floor(h / 24), h: h % 24 });
  return h > 0 ? `${h}:${pad(m)}:${pad(rest)}` : `${pad(m)}:${pad(rest)}`;
}
