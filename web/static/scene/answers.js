/** Plans under way in a division, and who is on duty there with what they answered. */

import { el } from "../dom.js";
import { badge } from "../levels.js";
import { language, t, word } from "../strings.js";

const ORDER = ["waiting", "called", "delivered", "read", "acknowledged", "on_site", "done"];

/** @param {import("./division.js").Card} card */
export function runList(card) {
  if (card.runs.length === 0) return el("p", { class: "scene-note" }, t("scene.noRuns"));
  const answers = ORDER.filter((state) => card.answers[state]);
  return el("div", {},
    el("ul", { class: "scene-runs" }, ...card.runs.map((run) => el("li", {},
      badge(run.level),
      el("a", { href: `/runs/${run.id}${language === "en" ? "?lang=en" : ""}` }, run.name),
      run.drill && el("em", { class: "scene-drill" }, t("scene.drill")),
      el("span", {}, t("scene.runDone", { done: run.done, all: run.tasks }))))),
    answers.length > 0 && el("p", { class: "scene-chips" }, ...answers.map((state) =>
      el("span", { class: `scene-chip state-${state}` }, `${word("scene.state", state)} ${card.answers[state]}`))));
}

/** @param {import("./division.js").Card} card */
export function dutyList(card) {
  if (card.duty.length === 0) return el("p", { class: "scene-note" }, t("scene.noDuty"));
  return el("ul", { class: "scene-duty" }, ...card.duty.map((one) => el("li", {},
    el("span", {}, language === "zh" ? one.post_zh : one.post_en),
    el("span", { class: "scene-who" }, one.name ?? "", one.why === "stand_in" && el("small", {}, t("scene.standIn"))),
    el("b", { class: `state-${one.state ?? "none"}` }, one.state === null ? t("scene.notCalled") : word("scene.state", one.state)))));
}
