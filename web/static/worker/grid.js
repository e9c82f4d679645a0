/** My grid: its line, what stands there, and what the page keeps and does not keep of anybody. */

import { byId, el } from "../dom.js";
import { ofDay } from "./clock.js";
import { hideMap, showGrid } from "./map.js";
import { pushPart } from "./push.js";
import { get, put } from "./store.js";
import { language, t } from "./strings.js";

/** @type {{posts: any[], places: any[], sensors: any[]} | null} */
let grid = null;

/** As last seen; fetched anew while there is nothing else to do. */
export async function openGrid() {
  grid = (await get("facts", "grid")) ?? null;
}

/** @returns {Promise<boolean>} whether it is of now */
export async function fetchGrid() {
  try {
    const answer = await fetch("/api/worker/grid");
    if (!answer.ok) return false;
    grid = await answer.json();
    await put("facts", "grid", grid);
    for (const place of grid?.places ?? []) await put("facts", `place-${place.id}`, place);
    return true;
  } catch {
    return false;
  }
}

/** @returns {any[]} places of mine with a line, the smallest first */
export const ownPlaces = () => (grid?.places ?? []).filter((place) => place.geometry || place.lat !== null);

/** Draw it. */
export async function showGridView() {
  const view = byId("view-grid");
  if (grid) draw(true);
  else view.replaceChildren(el("p", { class: "empty" }, t("mapLoading")));
  const isFresh = await fetchGrid();
  if (view.hidden) return;
  if (!grid) return void view.replaceChildren(el("p", { class: "empty" }, t("gridMissing")), about());
  draw(isFresh);
  const there = byId("grid-map");
  await showGrid(there, ownPlaces(), grid.sensors);
}

/** @param {boolean} isFresh */
function draw(isFresh) {
  hideMap();
  const { posts, places, sensors } = grid ?? { posts: [], places: [], sensors: [] };
  byId("view-grid").replaceChildren(
    ...(isFresh ? [] : [el("p", { class: "note" }, t("gridOffline"))]),
    el("div", { class: "map-place", id: "grid-map" }),
    el("section", { class: "panel" }, el("h2", {}, t("posts")), posts.length
      ? el("ul", {}, ...posts.map((post) => el("li", {}, el("span", {}, post[language]), el("b", {}, nameOf(places, post.division_id)))))
      : el("p", { class: "note" }, t("noPosts"))),
    el("section", { class: "panel" }, el("h2", {}, t("sensors")), sensors.length
      ? el("ul", {}, ...sensors.map(sensorLine))
      : el("p", { class: "note" }, t("noSensors"))),
    about());
}

/** @param {any[]} places @param {number} id */
function nameOf(places, id) {
  const place = places.find((one) => one.id === id);
  return place ? [place.above, place.name].filter(Boolean).join(" · ") : "";
}

/** @param {any} sensor */
function sensorLine(sensor) {
  const value = sensor.value === null ? t("noValue") : `${sensor.value} ${sensor.unit} · ${ofDay(sensor.time)}`;
  return el("li", {}, el("span", {}, sensor.name), el("b", {}, value));
}

function about() {
  return el("section", { class: "panel about" }, pushPart(), el("p", { class: "note" }, t("privacy")),
    el("a", { class: "second", href: language === "zh" ? "/account" : "/account?lang=en" }, t("account")));
}
