/** What the tour tells of a district: its sensors with their last values, what is silent, who is on duty. */

import { el } from "../dom.js";
import { measured, timeOfDay } from "../format.js";
import { language, t, word } from "../strings.js";

const POSTS = 5;

/** @param {import("./tour.js").Place} place @param {import("./tour.js").Stop | null} stop @param {number} n @param {number} all */
export function tourCard(place, stop, n, all) {
  return [el("h2", {}, place.name, el("small", {}, t("now.tourAt", { n, all }))), ...(stop ? told(stop) : [])];
}

/** @param {import("./tour.js").Stop} stop */
function told({ sensors, silent, last, duty }) {
  const counts = sensors ? [t("now.tourSensors", { n: sensors }), silent ? t("now.tourSilent", { n: silent }) : ""] : [t("now.tourNothing")];
  const posts = duty.slice(0, POSTS).map((one) => t("now.tourPeople", { post: one[language], n: one.people }));
  return [
    el("p", { class: "tour-counts" }, counts.filter(Boolean).join(" · ")),
    last.length ? el("ul", { class: "tour-last" }, ...last.map((one) => el("li", {},
      el("b", {}, one.name), el("small", {}, word("quantity", one.quantity)),
      one.value === null ? el("span", {}, t("legendSilent")) : el("span", {}, measured(one.value, one.unit), el("i", {}, one.unit)),
      el("small", {}, one.time ? timeOfDay(Date.parse(one.time)) : "")))) : null,
    posts.length ? el("p", { class: "tour-duty" }, el("small", {}, t("now.tourDuty")), posts.join(" · ")) : null,
  ].filter((one) => one !== null);
}
