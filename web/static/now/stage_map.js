/** The incident on the map: its footprint, what touches it, the shelters there; a pane of its own over the ground. */

import { said } from "../address.js";
import { lookAt, map, wholeCity } from "../citymap.js";
import { byId, el } from "../dom.js";
import { colour } from "../palette.js";
import { fetched } from "./told.js";

/* global L */

const PANE = "incident";
const NEAR = 10; // zoom
const calm = matchMedia("(prefers-reduced-motion: reduce)");

/** @type {any} */ let drawn = null;
/** @type {any} */ let flown = null; // the view before
let number = 0;
let cells = ""; // of what is drawn

/** @param {import("./stage.js").Stage} stage @param {boolean} fly */
export function showOnMap(stage, fly) {
  if (!map.getPane(PANE)) map.createPane(PANE).style.zIndex = "430";
  const now = [stage.incident.level, ...stage.ground.features.map(({ id }) => id), ...stage.lanes.map(({ township_id: id }) => id), ...stage.plans.map(({ run_id: id }) => id)].join(" ");
  if (stage.incident.id === number && now === cells) return;
  cells = now;
  drawn?.remove();
  number = stage.incident.id;
  drawn = L.layerGroup([ground(stage), ...stage.plans.flatMap(routes)]).addTo(map);
  void shelters(stage, number);
  if (fly) flyTo(stage);
}

/** @param {boolean} back whether the map goes back to where it was */
export function clearMap(back = false) {
  drawn?.remove();
  drawn = null;
  number = 0;
  cells = "";
  if (back && flown) {
    if (said("in") === "" && map.getBoundsZoom(flown) < NEAR) wholeCity();
    else map.fitBounds(flown, { animate: false });
  }
  flown = null;
}

/** @param {import("./stage.js").Stage} stage */
function ground({ ground: collection, incident }) {
  const ink = colour(`--${incident.level}`) || colour("--text");
  return L.geoJSON(collection, {
    pane: PANE, interactive: false, renderer: L.svg({ pane: PANE }),
    filter: (/** @type {any} */ feature) => feature.geometry !== null,
    style: (/** @type {any} */ { properties: { touching } }) => (touching
      ? { className: "incident-touching", color: colour("--text"), weight: 1.5, dashArray: "6 6", opacity: 0.75, fillColor: colour("--text"), fillOpacity: 0.06 }
      : { className: "incident-footprint", color: ink, weight: 4, opacity: 1, fillColor: ink, fillOpacity: 0.28 }),
  });
}

/** @param {import("./stage.js").Stage} stage */
function flyTo({ ground: collection, incident, plans }) {
  const own = collection.features.filter(({ geometry, properties }) => geometry !== null && !properties.touching);
  const ways = plans.flatMap(({ routes: told }) => told.flatMap(({ line }) => (line ? [{ type: "LineString", coordinates: line }] : [])));
  const bounds = own.length ? L.geoJSON({ type: "FeatureCollection", features: [...own, ...ways.map((geometry) => ({ type: "Feature", properties: {}, geometry }))] }).getBounds()
    : incident.lon === null ? null : L.latLng(incident.lat, incident.lon).toBounds(6_000);
  if (!bounds?.isValid()) return;
  flown ??= map.getBounds();
  const beside = byId("incident-stage").offsetWidth < map.getSize().x - 200; // on a phone it lies below
  const how = { paddingTopLeft: [40, 40], paddingBottomRight: [beside ? byId("incident-stage").offsetWidth + 60 : 40, 40], maxZoom: 13 };
  map.once("moveend", () => { if (map.getZoom() >= NEAR) lookAt(map.getCenter()); }); // no change of the layout takes it back
  if (calm.matches) map.fitBounds(bounds, { ...how, animate: false });
  else map.flyToBounds(bounds, { ...how, duration: 1.4 });
}

/** Shelters of the real scene in the township of the plan, where there are any. @param {import("./stage.js").Stage} stage @param {number} mine */
async function shelters({ lanes }, mine) {
  for (const { township_id: township } of lanes.slice(0, 3)) {
    const found = await fetched(`/api/scene/things?in=${township}&kinds=shelter`);
    if (mine !== number || !drawn) return;
    for (const feature of found?.features ?? []) if (feature.geometry?.type === "Point") drawn.addLayer(shelter(feature));
  }
}

/** The ways out that the plan tells the points of, each to the name of its shelter. @param {import("./stage.js").PlanPlaces} places */
function routes({ routes: told, shelters: named }) {
  const renderer = L.svg({ pane: PANE });
  return told.flatMap(({ id, to, line }) => {
    if (!line) return [];
    const points = line.map(([lon, lat]) => [lat, lon]);
    const drawn = (/** @type {string} */ className, /** @type {number} */ weight, /** @type {string} */ color) => L.polyline(points, {
      pane: PANE, renderer, interactive: false, className, weight, color, opacity: 1, lineCap: "round", lineJoin: "round" });
    return [
      drawn("incident-way-edge", 11, colour("--ground")), drawn("incident-way", 5, colour("--text")),
      place(line[line.length - 1], `${id} → ${named.find((one) => one.id === to)?.name ?? to}`, "is-below"), // the shelter's own name is above
    ];
  });
}

/** @param {any} feature */
const shelter = (feature) => place(feature.geometry.coordinates, feature.properties.name ?? feature.properties.title ?? "");

/** @param {[number, number]} at lon, lat @param {string} text @param {string} [where] */
function place([lon, lat], text, where = "") {
  const node = el("span", { class: `stage-shelter ${where}` }, text);
  return L.marker([lat, lon], { pane: PANE, interactive: false, keyboard: false, icon: L.divIcon({ className: "station-mark", html: node, iconSize: [0, 0] }) });
}
