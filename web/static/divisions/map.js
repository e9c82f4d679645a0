/** The outline of a division on the small map that Folium made: as it was (chosen in the list), and as it is today. */

/* global L */

const map = /** @type {any} */ (globalThis).map_small;
const holder = /** @type {HTMLElement} */ (document.getElementById("outlines"));
const choice = /** @type {HTMLSelectElement} */ (document.getElementById("then"));
const THEN = { color: "#e0a458", weight: 3, dashArray: "8 6", fillOpacity: 0.08, interactive: false };
const NOW = { color: "#58b7e0", weight: 3, fillOpacity: 0.12, interactive: false };

/** @typedef {{id: number, properties: {valid_from: ?string, valid_to: ?string, recorded_to: ?string}}} Outline */

new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(holder);
void drawGround();
void drawOutlines();

async function drawGround() {
  const answer = await fetch("/api/layers/townships.geojson").catch(() => null);
  if (!answer?.ok) return;
  L.geoJSON(await answer.json(), {
    pane: "ground",
    renderer: L.canvas({ pane: "ground" }),
    interactive: false,
    style: { color: "#2c4d68", weight: 1, fillColor: "#10263a", fillOpacity: 1 },
    filter: (/** @type {any} */ feature) => feature.geometry !== null,
  }).addTo(map);
}

async function drawOutlines() {
  const answer = await fetch(holder.dataset.outlines ?? "").catch(() => null);
  if (!answer?.ok) return;
  /** @type {Outline[]} */
  const outlines = (await answer.json()).features;
  const now = outlines.find((one) => holdsToday(one));
  const shown = L.layerGroup().addTo(map);
  const before = outlines.filter((one) => one !== now && one.properties.recorded_to === null).at(-1);
  choice.value = String((before ?? now ?? outlines[0])?.id ?? "");
  const draw = () => {
    shown.clearLayers();
    if (now) L.geoJSON(now, { style: NOW, pane: "marks" }).addTo(shown);
    const then = outlines.find((one) => String(one.id) === choice.value);
    if (then && then !== now) L.geoJSON(then, { style: THEN, pane: "marks" }).addTo(shown);
    const all = L.featureGroup(shown.getLayers());
    if (all.getLayers().length) map.fitBounds(all.getBounds().pad(0.1), { animate: false });
    holder.dataset.drawn = String(shown.getLayers().length);
  };
  choice.addEventListener("change", draw);
  draw();
}

/** @param {Outline} one */
function holdsToday(one) {
  const at = Date.parse(holder.dataset.now ?? "");
  const { valid_from: from, valid_to: to, recorded_to: believed } = one.properties;
  return believed === null && (from === null || Date.parse(from) <= at) && (to === null || at < Date.parse(to));
}
