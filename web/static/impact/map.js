/** The impact of a draft on a map: units before and after, and what goes from one to another, in their colours. */

/* global L */

const map = /** @type {any} */ (globalThis).map_small;
const holder = /** @type {HTMLElement} */ (document.getElementById("impact-map"));
const HUES = ["#4fb3ff", "#ffb84d", "#7ddc7a", "#ff7a8a", "#c79bff", "#5fe0d0", "#ffe066", "#ff9f6b", "#9fc1ff", "#d6e85a"];
/** @type {Map<string, string>} */
const colours = new Map();

void draw();

async function draw() {
  const answer = await fetch(holder.dataset.url ?? "").catch(() => null);
  if (!answer?.ok) {
    holder.dataset.drawn = "failed";
    return;
  }
  const told = await answer.json();
  const units = told.features.filter((/** @type {any} */ one) => one.properties.side);
  const after = layer(units.filter((/** @type {any} */ one) => one.properties.side === "after"), afterStyle);
  const before = layer(units.filter((/** @type {any} */ one) => one.properties.side === "before"), () => ({
    color: "#f4f7fa", weight: 1.5, dashArray: "5 5", fill: false,
  }));
  const dots = L.layerGroup(told.features.filter((/** @type {any} */ one) => !one.properties.side).map(dot)).addTo(map);
  const all = L.featureGroup([after, before]);
  if (units.length) map.fitBounds(all.getBounds().pad(0.05), { animate: false });
  holder.dataset.drawn = String(units.length);
  holder.dataset.dots = String(dots.getLayers().length);
}

/** @param {any[]} features @param {(feature: any) => object} style */
function layer(features, style) {
  return L.geoJSON(features, { pane: "ground", renderer: L.canvas({ pane: "ground" }), interactive: false, style }).addTo(map);
}

/** @param {any} feature */
function afterStyle(feature) {
  return { color: "#0d1b28", weight: 1, fillColor: colour(feature.properties.key), fillOpacity: 0.55 };
}

/** The ring has the colour of where it comes from, the filling that of where it goes. @param {any} feature */
function dot(feature) {
  const [lon, lat] = feature.geometry.coordinates;
  const { kind, name, from, to, from_key, to_key } = feature.properties;
  const alert = kind === "alert";
  return L.circleMarker([lat, lon], {
    pane: "marks", radius: alert ? 8 : 5, weight: 3, color: colour(from_key), fillColor: colour(to_key), fillOpacity: 1,
  }).bindTooltip(`${name}: ${from ?? "–"} → ${to ?? "?"}`);
}

/** @param {string | null} key */
function colour(key) {
  if (!key) return "#8b98a5";
  const known = colours.get(key) ?? HUES[colours.size % HUES.length];
  colours.set(key, known);
  return known;
}
