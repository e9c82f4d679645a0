/** On a quiet day: the stations, the one nearest to its lowest level first. */

import { el } from "./dom.js";
import { measured } from "./format.js";
import { shape, trend } from "./levels.js";
import { store } from "./store.js";
import { t } from "./strings.js";
import { levelsOf, margin } from "./thresholds.js";

/** @param {(sensor: number) => void} onSelect */
export function watchList(onSelect) {
  const near = [...store.stations.values()]
    .map((station) => ({ station, last: store.values.get(station.id), level: levelsOf(station)[0]?.value }))
    .filter(({ last, level }) => last !== undefined && level !== undefined)
    .sort((a, b) => a.level - a.last.value - (b.level - b.last.value));
  if (!near.length) return el("p", { class: "quiet" }, t("watchNone"));
  return el("ol", { class: "alerts watch" }, ...near.map(({ station, last }) => row(station, last, onSelect)));
}

/** @param {import("./store.js").Station} station @param {import("./store.js").LastValue} last @param {(sensor: number) => void} onSelect */
function row(station, last, onSelect) {
  return el("li", { class: "alert" },
    el("button", { type: "button", onclick: () => onSelect(station.id) },
      el("span", { class: "alert-level" }, shape("normal")),
      el("span", { class: "alert-name" }, station.label || station.name, el("em", {}, station.river),
        el("small", {}, station.township ? `${station.district ?? ""} ${station.township}` : t("unlocated"))),
      el("span", { class: "alert-value" },
        el("span", {}, measured(last.value, station.unit), el("i", {}, station.unit), trend(last.previous, last.value)),
        el("small", {}, margin(station, last.value)))));
}
