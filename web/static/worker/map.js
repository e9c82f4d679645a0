/** The one map of the page (Folium made it): it stands wherever it is looked at just now. */

import { byId, el } from "../dom.js";
import { get, put } from "./store.js";
import { t } from "./strings.js";

/** @typedef {{id: number, level: string, name: string, lon: number | null, lat: number | null, derived: boolean | null, geometry: any}} Place */

const LINE = { color: "#0b57a4", weight: 4, fillColor: "#0b57a4", fillOpacity: 0.1 };

/** @type {any} */
let layer = null;
/** @type {(() => void) | null} */
let untap = null;

/** @returns {any} Leaflet's, once it is here */
const leaflet = () => /** @type {any} */ (globalThis).L;
/** @returns {any} */
const map = () => /** @type {any} */ (globalThis).map_worker;

/** Put the map there, empty. @param {HTMLElement} there */
async function stand(there) {
  await ready();
  there.append(byId("map-box"));
  layer?.remove();
  layer = leaflet().layerGroup().addTo(map());
  map().invalidateSize();
}

/** Its style sheet, which nothing else waits for; the module that makes it runs before ours. */
function ready() {
  const there = document.getElementById("leaflet-style");
  if (there) return Promise.resolve();
  return new Promise((done) => {
    const sheet = el("link", { id: "leaflet-style", rel: "stylesheet", href: "/vendor/leaflet/leaflet.css", onload: done, onerror: done });
    document.head.prepend(sheet);
  });
}

/** Back to where nobody sees it. */
export function hideMap() {
  untap?.();
  byId("map-store").append(byId("map-box"));
}

/** The place of a task: its division's line, and the spot of the alert where the plan lets it be shown.
 * @param {HTMLElement} there @param {import("./line.js").Card} card */
export async function showPlace(there, card) {
  await stand(there);
  const spot = card.lat === null || card.lon === null ? null : [card.lat, card.lon];
  if (spot) mark(spot, "spot");
  fit(spot ? [spot] : []);
  const place = await placeOf(card.division_id);
  const line = place && outline(place);
  if (place && !line && !spot && place.lat !== null) mark([place.lat, place.lon], "spot");
  note(place);
  fit([...(spot ? [spot] : []), ...(line ? [line] : [])], place);
}

/** Places and sensors. @param {HTMLElement} there @param {Place[]} places @param {any[]} sensors */
export async function showGrid(there, places, sensors) {
  await stand(there);
  const lines = places.map(outline).filter(Boolean);
  for (const sensor of sensors) if (sensor.lat !== null) mark([sensor.lat, sensor.lon], "sensor", sensor.name);
  note(places[0]);
  fit(lines.length ? lines : sensors.filter((one) => one.lat !== null).map((one) => [one.lat, one.lon]), places[0]);
}

/** A map to tap on. @param {HTMLElement} there @param {Place[]} places @param {[number, number] | null} spot lat, lon
 * @param {(spot: [number, number]) => void} chosen */
export async function showChoice(there, places, spot, chosen) {
  await stand(there);
  const lines = places.map(outline).filter(Boolean);
  note(places[0]);
  fit(spot ? [spot] : lines, places[0]);
  let pin = spot ? mark(spot, "spot") : null;
  const tapped = (/** @type {any} */ event) => {
    pin?.remove();
    pin = mark([event.latlng.lat, event.latlng.lng], "spot");
    chosen([event.latlng.lat, event.latlng.lng]);
  };
  map().on("click", tapped);
  untap = () => { map().off("click", tapped); untap = null; };
}

/** @param {Place} place */
function outline(place) {
  if (!place.geometry) return null;
  return leaflet().geoJSON(place.geometry, { style: LINE, interactive: false }).addTo(layer);
}

/** @param {number[]} spot @param {"spot" | "sensor"} kind @param {string} [name] */
function mark(spot, kind, name) {
  const icon = leaflet().divIcon({ className: `pin pin-${kind}`, iconSize: [28, 28] });
  const pin = leaflet().marker(spot, { icon, keyboard: false, interactive: Boolean(name), alt: name ?? "" }).addTo(layer);
  if (name) pin.bindTooltip(name, { direction: "top" });
  return pin;
}

/** @param {any[]} what spots or lines @param {Place | null} [place] */
function fit(what, place) {
  const bounds = leaflet().latLngBounds([]);
  for (const one of what) bounds.extend(Array.isArray(one) ? one : one.getBounds());
  if (bounds.isValid()) map().fitBounds(bounds, { padding: [20, 20], maxZoom: 16, animate: false });
  else if (place && place.lat !== null) map().setView([place.lat, place.lon], 15, { animate: false });
}

/** @param {Place | null | undefined} place */
function note(place) {
  const approval = byId("map-note").dataset.approval ?? byId("map-note").textContent ?? "";
  byId("map-note").dataset.approval = approval;
  byId("map-note").textContent = [place?.derived ? t("derived") : "", approval].filter(Boolean).join(" · ");
}

/** From the phone where it was seen before. @param {number} division @returns {Promise<Place | null>} */
async function placeOf(division) {
  const known = await get("facts", `place-${division}`);
  try {
    const answer = await fetch(`/api/worker/places/${division}`);
    if (!answer.ok) return known ?? null;
    const place = await answer.json();
    await put("facts", `place-${division}`, place);
    return place;
  } catch {
    return known ?? null;
  }
}

/** The two buttons. */
export function openMap() {
  byId("zoom-in").addEventListener("click", () => map()?.zoomIn());
  byId("zoom-out").addEventListener("click", () => map()?.zoomOut());
}
