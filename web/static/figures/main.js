/** The page of figures: what the address asks for, read at once and drawn as cards. */

import { whenSaid } from "../address.js";
import { byId, el } from "../dom.js";
import { dayAndTime } from "../format.js";
import { signInAgain } from "../session.js";
import { language, t } from "../strings.js";
import "./strings.js";
import { card, clearCards } from "./card.js";
import { comparison } from "./compare_part.js";
import { drawFilters, query } from "./filters.js";
import { byDay, byFamily } from "./levels_part.js";
import { closure, falseAlarms, load } from "./people_part.js";
import { coverage, online } from "./sensors_part.js";
import { tiles } from "./tiles.js";
import { timesCard } from "./times_part.js";

const KEYS = /** @type {any[]} */ (["in", "span", "from", "to", "compare", "drills"]);
let asked = 0;

async function read() {
  const mine = ++asked;
  byId("figures").setAttribute("aria-busy", "true");
  try {
    const told = await ask(`/api/figures?${query()}`);
    if (mine !== asked) return;
    await document.fonts.ready;
    draw(told);
  } catch (error) {
    if (mine !== asked) return;
    clearCards();
    byId("tiles").replaceChildren();
    byId("cards").replaceChildren(el("p", { class: "gate-told", role: "alert" }, t("figures.failed", { why: error instanceof Error ? error.message : String(error) })));
  }
  byId("figures").removeAttribute("aria-busy");
  document.body.dataset.ready = "true";
}

/** @param {string} path */
async function ask(path) {
  const answer = await fetch(path).catch(() => null);
  if (answer === null) throw new Error(t("figures.unreached"));
  if (answer.status === 401) signInAgain();
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error((language === "zh" && body.error_zh) || body.error || String(answer.status));
  return body;
}

/** @param {any} told */
function draw(told) {
  drawFilters(told);
  const where = told.division ? told.division.name : t("figures.scope");
  byId("told").replaceChildren(
    told.drills ? el("b", { class: "drills-mark" }, t("figures.drillsOnly")) : "",
    t("figures.asOf", { from: told.first, to: told.last, where, at: dayAndTime(Date.parse(told.now)) }),
  );
  byId("tiles").replaceChildren(...tiles(told));
  clearCards();
  const noEvents = card.bind(null, "event_times", told, { empty: t("figures.noRight", { right: "events.read" }) });
  const noTasks = card.bind(null, "task_times", told, { empty: t("figures.noRight", { right: "plans.read" }) });
  const empty = told.drills ? t("figures.emptyDrills") : null;
  byId("cards").replaceChildren(
    byDay(told), byFamily(told), online(told),
    timesCard("alert_times", "alerts", told, told.alert_times, empty ?? t("figures.emptyTimes")),
    told.tasks ? timesCard("task_times", "tasks", told, told.tasks.times, empty ?? t("figures.emptyTasks")) : noTasks(),
    told.events ? timesCard("event_times", "events", told, told.events.times, empty ?? t("figures.emptyEvents")) : noEvents(),
    closure(told), falseAlarms(told), load(told), coverage(told), compared(told),
  );
}

/** @param {any} told */
function compared(told) {
  const made = comparison(told, () => {
    const there = byId("figure-comparison");
    const asTable = there.querySelector(".figure-toggle")?.getAttribute("aria-pressed") === "true";
    const anew = compared(told);
    there.replaceWith(anew);
    if (asTable) /** @type {HTMLElement} */ (anew.querySelector(".figure-toggle")).click();
    /** @type {HTMLElement | null} */ (anew.querySelector("[aria-sort] .sorter"))?.focus();
  });
  return made;
}

whenSaid(KEYS, () => void read());
void read();
