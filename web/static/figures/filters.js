/** What is asked for: time, division, what is compared, drills; all of it in the address. */

import { said, say } from "../address.js";
import { byId, el } from "../dom.js";
import { language, t } from "../strings.js";

const SPANS = ["today", "7d", "30d"];
const FIRST = "7d";
/** @type {(key: string) => string} */
const key = /** @type {any} */ (said);
/** @type {(changes: Record<string, string | null>) => void} */
const change = /** @type {any} */ (say);

/** What the API is asked, from the address. */
export function query() {
  const asked = new URLSearchParams();
  for (const name of ["in", "span", "from", "to", "compare", "drills"]) if (key(name)) asked.set(name, key(name));
  return asked.toString();
}

/** @param {any} told */
export function drawFilters(told) {
  const named = Boolean(key("from") || key("to"));
  byId("spans").replaceChildren(...SPANS.map((span) => el("button", {
    type: "button", "aria-pressed": String(!named && (key("span") || FIRST) === span), "data-span": span,
    onclick: () => change({ span, from: null, to: null }),
  }, t(`figures.${span}`))));
  /** @type {HTMLInputElement} */ (byId("from")).value = told.first;
  /** @type {HTMLInputElement} */ (byId("to")).value = told.last;
  const compare = /** @type {HTMLSelectElement} */ (byId("compare"));
  compare.replaceChildren(...told.levels.map((/** @type {string} */ level) => el("option", { value: level, selected: level === told.level ? "" : null }, t(`figures.unit.${level}`))));
  const where = /** @type {HTMLSelectElement | null} */ (document.getElementById("in"));
  if (where) where.value = key("in");
  /** @type {HTMLInputElement} */ (byId("drills")).checked = told.drills;
  const xlsx = new URLSearchParams(query());
  if (language === "en") xlsx.set("lang", "en");
  byId("xlsx").setAttribute("href", `/figures.xlsx?${xlsx}`);
}

byId("days").addEventListener("submit", (event) => {
  event.preventDefault();
  const [from, to] = ["from", "to"].map((id) => /** @type {HTMLInputElement} */ (byId(id)).value);
  change({ from: from || null, to: to || null, span: null });
});
byId("compare").addEventListener("change", () => change({ compare: /** @type {HTMLSelectElement} */ (byId("compare")).value }));
byId("drills").addEventListener("change", () => change({ drills: String(/** @type {HTMLInputElement} */ (byId("drills")).checked) }));
document.getElementById("in")?.addEventListener("change", () => change({ in: /** @type {HTMLSelectElement} */ (byId("in")).value || null, compare: null }));
