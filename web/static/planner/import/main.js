/** A layer on the small map: over what we have while it is looked at, by what becomes of it once it is compared. */

/* global L */

const map = /** @type {any} */ (globalThis).map_small;
const holder = /** @type {HTMLElement} */ (document.querySelector(".import-map"));
const COLOURS = /** @type {Record<string, string>} */ ({ new: "#5fd38d", moved: "#ffb74a", renamed: "#c99bff", same: "#6f8ba4" });
const renderer = L.canvas({ padding: 0.3 });
const { shapes, found } = holder.dataset;

new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(holder);
void (shapes ? draw(shapes, drawLook) : draw(found ?? "", drawFound)).finally(() => { document.body.dataset.drawn = "true"; });
for (const one of document.querySelectorAll(".fly")) one.addEventListener("click", fly);

/** @param {string} path @param {(told: any) => void} how */
async function draw(path, how) {
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) return;
  const told = await answer.json();
  const [west, south, east, north] = told.bounds;
  map.fitBounds([[south, west], [north, east]], { animate: false, padding: [18, 18] });
  how(told);
}

/** @param {any} told */
function drawLook(told) {
  outlines(told.known, { color: "#7fa6c7", weight: 2, fill: false, dashArray: "6 5" });
  outlines(told.layer, { color: "#ffb74a", weight: 2, fillColor: "#ffb74a", fillOpacity: 0.12 });
}

/** @param {any} told */
function drawFound(told) {
  L.geoJSON(told.layer, {
    renderer,
    style: (/** @type {any} */ one) => ({ color: COLOURS[one.properties.state], weight: 2, fillColor: COLOURS[one.properties.state], fillOpacity: 0.2 }),
    onEachFeature: name,
  }).addTo(map);
  for (const one of told.faults) {
    L.circleMarker([one.lat, one.lon], { renderer, radius: one.mended ? 4 : 8, weight: 2, color: one.mended ? "#9fb6c9" : "#ff5c5c", fillOpacity: one.mended ? 0 : 0.6 })
      .bindTooltip(text(one.text)).addTo(map);
  }
}

/** @param {any} collection @param {object} style */
function outlines(collection, style) {
  L.geoJSON(collection, { renderer, style, onEachFeature: name }).addTo(map);
}

/** @param {any} feature @param {any} layer */
function name(feature, layer) {
  if (feature.properties.name) layer.bindTooltip(text(feature.properties.name), { sticky: true });
}

/** What a file calls its rows is text, whatever it looks like. @param {string} words */
function text(words) {
  const span = document.createElement("span");
  span.textContent = words;
  return span;
}

/** @param {Event} event */
function fly(event) {
  const row = /** @type {HTMLElement} */ (/** @type {HTMLElement} */ (event.currentTarget).closest("li"));
  map.setView([Number(row.dataset.lat), Number(row.dataset.lon)], 17, { animate: false });
  holder.scrollIntoView({ block: "nearest" });
}
