/** What stands on the stage: how grave, where, since when nobody answers; who is threatened; the plan and its answers. */

import { say } from "../address.js";
import { el } from "../dom.js";
import { count, dayAndTime, measured } from "../format.js";
import { badge } from "../levels.js";
import { planName, ruleName } from "../names.js";
import { store } from "../store.js";
import { language, t, word } from "../strings.js";
import { answers, called } from "./answers.js";
import { drillMark, where as whereOf } from "./incident_row.js";
import { stageSound } from "./sound.js";
import { countUp } from "./ticking.js";

/**
 * @typedef {import("./stage.js").Stage} Stage
 * @typedef {{others: import("./told.js").Waiting[], acting: boolean, fault: string, close: () => void, acknowledge: () => void}} Hands
 */

const ALERTS = 4;
const TASKS = 3;

/** @param {Stage} stage @param {Hands} hands */
export function stageView(stage, hands) {
  return [head(stage, hands), button(stage, hands), el("div", { class: "stage-body" },
    alerts(stage), threatened(stage), ...stage.lanes.map((lane) => plan(lane, stage)),
    stage.lanes.length ? null : el("p", { class: "stage-none" }, t("now.noPlanYet"))), others(hands)].filter((one) => one !== null);
}

/** @param {Stage} stage @param {Hands} hands */
function head({ incident, alerts: all, ground }, { close }) {
  const open = all.filter(({ state }) => state === "open").map(({ opened_at: at }) => at).sort();
  const touching = ground.features.filter(({ properties }) => properties.touching);
  const grids = touching.length > 0 && touching.every(({ properties }) => properties.grid);
  const beside = touching.length ? t(grids ? "now.touchingGrids" : "now.touching", { n: touching.length }) : "";
  return el("header", { class: "stage-head" },
    badge(incident.level),
    el("h2", {}, incident.exercise && drillMark(), word("family", incident.family)),
    open.length ? el("p", { class: "stage-waits" }, countUp(open[0]), el("small", {}, t("now.openFor"))) : el("p", { class: "stage-waits answered" }, el("small", {}, t("now.answered"))),
    el("button", { type: "button", class: "close", onclick: close, "aria-label": t("close") }, "×"),
    el("p", { class: "stage-place" }, place(ground), el("small", {}, beside)));
}

/** @param {Stage["ground"]} ground */
function place({ features }) {
  const own = features.filter(({ properties }) => !properties.touching).map(({ properties }) => [properties.parent, properties.name].filter(Boolean).join(" "));
  if (!own.length) return t("unlocated");
  const more = own.length > 2 ? (language === "zh" ? ` 等 ${own.length} 处` : ` and ${own.length - 2} more`) : "";
  return own.slice(0, 2).join("、") + more;
}

/** @param {Stage} stage @param {Hands} hands */
function button({ may_act: may, alerts: all }, { acting, fault, acknowledge }) {
  const n = all.filter(({ state }) => state === "open").length;
  const act = may && n > 0 ? el("button", { type: "button", class: "stage-ack", id: "stage-ack", onclick: acknowledge, disabled: acting ? "" : null },
    t(acting ? "now.acknowledging" : n === 1 ? "now.acknowledge" : "now.acknowledgeN", { n })) : null;
  if (!act && !fault) return null;
  return el("div", { class: "stage-act" }, act, fault && el("p", { class: "stage-fault", role: "alert" }, fault));
}

/** @param {Stage} stage */
function alerts({ alerts: all }) {
  const rest = all.length - ALERTS;
  return el("ul", { class: "stage-alerts" }, ...all.slice(0, ALERTS).map(alert), rest > 0 ? el("li", { class: "more" }, t("now.moreAlertsOf", { n: rest })) : null);
}

/** @param {import("./stage.js").StageAlert} one */
function alert(one) {
  const value = one.sensor_id === null ? one.value : store.values.get(one.sensor_id)?.value ?? one.value;
  return el("li", { class: `level-${one.level} state-${one.state}` },
    el("button", { type: "button", "data-stage-alert": one.id, onclick: () => say({ sensor: one.sensor_id }), disabled: one.sensor_id === null ? "" : null },
      badge(one.level), el("b", {}, one.label), el("small", {}, one.kind === "manual" ? t("reported") : ruleName(one.rule_id)),
      value !== null && one.unit ? el("span", { class: "stage-value" }, measured(value, one.unit), el("i", {}, one.unit)) : null));
}

/** Numbers as they are known: of the plan, and of the records. @param {Stage} stage */
function threatened({ plans, in_need: need }) {
  const told = plans.map(({ threatened: who }) => who).filter((who) => who !== null);
  const sum = (/** @type {string} */ key) => told.reduce((all, who) => all + (who?.[key] ?? 0), 0);
  const people = [["households", "now.households"], ["persons", "now.persons"], ["need_carry", "now.carry"]]
    .filter(([key]) => sum(key)).map(([key, say]) => t(say, { n: count(sum(key)) }));
  const kinds = Object.entries(need ?? {}).map(([kind, n]) => t(`need.${kind}`, { n: count(n) }));
  return el("dl", { class: "stage-people" },
    ...(people.length ? [el("dt", {}, t("now.threatened")), el("dd", {}, people.join(" · "))] : []),
    ...(need ? [el("dt", {}, t("now.inNeed")), el("dd", {}, kinds.join(" · ") || t("now.inNeedNone"))] : []));
}

/** @param {import("./told.js").Lane} lane @param {Stage} stage */
function plan(lane, { plans }) {
  const places = plans.find(({ run_id: run }) => run === lane.id);
  const open = lane.tasks.filter(({ state }) => state !== "done" && state !== "skipped");
  return el("article", { class: `stage-plan level-${lane.level} ${lane.exercise ? "is-drill" : ""}` },
    el("h3", {}, lane.exercise && drillMark(), planName(lane.plan_id) === lane.plan_id ? lane.name : planName(lane.plan_id)),
    el("p", { class: "stage-plan-state" }, lane.state === "proposed" ? t("now.proposed") : t("tasksDone", { done: lane.done, all: lane.tasks.length }),
      el("small", {}, t("since", { time: dayAndTime(Date.parse(lane.started_at)) })), lane.called > 0 && called(lane)),
    el("ul", { class: "tasks" }, ...open.slice(0, TASKS).map((task) => el("li", { class: "task" },
      el("span", { class: `task-state task-${task.state}` }, t(`task.${task.state}`)),
      el("span", { class: "task-what" }, el("b", {}, task.post), task.what),
      task.due_at ? el("span", { class: "task-left", "data-due": task.due_at }) : null,
      task.called > 0 ? answers(task, 2) : null))),
    places && ways(places));
}

/** @param {import("./stage.js").PlanPlaces} places */
function ways({ routes, shelters, resources }) {
  const nameOf = (/** @type {string} */ id) => shelters.find((one) => one.id === id)?.name ?? id;
  const rows = [
    ["now.routes", routes.map(({ id, avoid, to }) => t("now.route", { id, avoid, to: nameOf(to) }))],
    ["now.shelters", shelters.map(({ name, capacity }) => t("now.shelter", { name, n: count(capacity) }))],
    ["now.resources", resources.map(({ item, count: n }) => `${item} ${count(n)}`)],
  ];
  return el("dl", { class: "stage-ways" }, ...rows.filter(([, what]) => what.length)
    .flatMap(([key, what]) => [el("dt", {}, t(/** @type {string} */ (key))), el("dd", {}, /** @type {string[]} */ (what).join("、"))]));
}

/** @param {Hands} hands */
function others({ others: reds }) {
  return el("footer", { class: "stage-others" },
    reds.length ? el("span", {}, t("now.otherReds", { n: reds.length })) : null,
    ...reds.slice(0, 2).map((one) => el("button", { type: "button", onclick: () => say({ incident: one.id }) }, `${word("family", one.family)} ${whereOf(one)}`)),
    stageSound);
}
