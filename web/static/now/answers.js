/** Who was called for a task, by which channel, who answered, after how long; names only where they may be seen. */

import { el } from "../dom.js";
import { stretch } from "../format.js";
import { t, word } from "../strings.js";
import { countUp } from "./ticking.js";

/** How many places were called, and how many answered. @param {{called: number, answered: number}} one */
export function called(one) {
  const all = one.called > 0 && one.answered === one.called;
  return el("span", { class: `called ${all ? "all" : ""}` }, t("now.called", one));
}

/** The first few, those without an answer first. @param {import("./told.js").LaneTask} task @param {number} most */
export function answers(task, most) {
  const rest = task.called - Math.min(most, task.places.length);
  return el("ul", { class: "answers" }, ...task.places.slice(0, most).map(one),
    rest > 0 ? el("li", { class: "answers-rest" }, `${task.answered}/${task.called}`) : null);
}

/** @param {import("./told.js").Called} place */
function one(place) {
  const answered = place.acknowledged_at ?? place.on_site_at ?? place.done_at;
  return el("li", { class: answered ? "answered" : "calling" },
    el("span", { class: "answer-place" }, [place.place, place.who].filter(Boolean).join(" ")),
    el("span", { class: "answer-by" }, place.channels.map(({ channel }) => word("channel", channel)).join("、")),
    answered ? el("span", { class: "answer-after" }, reached(place)) : place.called_at && countUp(place.called_at, "now.noAnswer", "answer-after"));
}

/** The furthest that it got, and how long that took. @param {import("./told.js").Called} place */
function reached(place) {
  const begun = Date.parse(place.called_at ?? "");
  const [key, at] = place.done_at ? ["now.doneAfter", place.done_at]
    : place.on_site_at ? ["now.onSiteAfter", place.on_site_at] : ["now.answerAfter", place.acknowledged_at ?? ""];
  return t(key, { time: stretch(Math.max(0, Date.parse(at) - begun)) });
}
