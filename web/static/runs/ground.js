/** The small map of a run: its township, its grids, and the alerts that joined, as far as the plan shows them. */

import { byId, el } from "../dom.js";
import { COLOURS } from "../levels.js";
import { t } from "./strings.js";

/* global L */

const map = /** @type {any} */ (globalThis).map_run;
let drawn = "";
/** @type {any} */ let layers = null;

/** @param {any} whole */
export function drawGround({ ground, alerts, map: shown }) {
  byId("map-part").hidden = shown === "none" || !ground || !ground.features.length;
  const told = JSON.stringify([ground, alerts]);
  if (byId("map-part").hidden || told === drawn) return;
  drawn = told;
  layers?.remove();
  map.invalidateSize({ pan: false });
  const shapes = L.geoJSON(ground, { style: styleOf, onEachFeature: name });
  const points = alerts.filter((/** @type {any} */ one) => one.lon !== null).map(point);
  layers = L.layerGroup([shapes, ...points]).addTo(map);
  const bounds = shapes.getBounds();
  if (bounds.isValid()) map.fitBounds(bounds, { padding: [12, 12], animate: false });
  map.on("click focus", () => map.scrollWheelZoom.enable());
  if (ground.features.some((/** @type {any} */ one) => one.properties.derived) && !document.getElementById("derived")) {
    byId("map-part").append(el("p", { class: "soft", id: "derived" }, t("derived")));
  }
}

/** @param {any} feature */
function styleOf(feature) {
  return feature.properties.grid
    ? { color: "#8fd6c4", weight: 2, fillColor: "#8fd6c4", fillOpacity: 0.25 }
    : { color: "#7fa6c6", weight: 1.5, fillColor: "#10263a", fillOpacity: 1 };
}

/** @param {any} feature @param {any} shape */
function name(feature, shape) {
  const named = feature.properties.grid; // a grid always says which it is
  shape.bindTooltip(el("b", {}, feature.properties.name), named
    ? { permanent: true, className: "grid-note", direction: "center" }
    : { sticky: true, className: "township-note", direction: "top" });
}

/** @param {any} alert */
function point(alert) {
  return L.circleMarker([alert.lat, alert.lon], { radius: 8, color: "#eef5fa", weight: 2, fillColor: COLOURS[/** @type {"red"} */ (alert.level)], fillOpacity: 1 })
    .bindTooltip(el("b", {}, alert.label), { className: "township-note", direction: "top" });
}
