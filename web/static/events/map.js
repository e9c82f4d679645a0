/** What stands on the small map that Folium made: the townships' outlines, events, and the place that is chosen. */

/* global L */

const map = /** @type {any} */ (globalThis).map_small;
const holder = /** @type {HTMLElement} */ (document.querySelector(".event-map"));
const marks = L.layerGroup().addTo(map);
let framed = false;

drawMarks();
void drawGround();
document.addEventListener("events-read", drawMarks);
if (holder.dataset.pick) pick();
new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(holder);

/** Only for those who may see the map; without it the events stand on a plain ground. */
async function drawGround() {
  const answer = await fetch("/api/layers/townships.geojson").catch(() => null);
  if (!answer?.ok) return;
  const ground = L.geoJSON(await answer.json(), {
    pane: "ground",
    renderer: L.canvas({ pane: "ground" }),
    interactive: false,
    style: { color: "#3f6c90", weight: 1, fillColor: "#10263a", fillOpacity: 1 },
    filter: (/** @type {any} */ feature) => feature.geometry !== null,
  }).addTo(map);
  if (!framed) map.fitBounds(own(ground) ?? ground.getBounds(), { animate: false });
  document.body.dataset.ground = "true";
}

/** The asker's own division, where the page's list of them begins with it. @param {any} ground */
function own(ground) {
  const code = holder.dataset.own || document.querySelector("#of option[value^='5']")?.getAttribute("value");
  if (!code) return null;
  const found = ground.getLayers().filter((/** @type {any} */ one) => String(one.feature.properties.code).startsWith(code.slice(0, 9)));
  return found.length ? L.featureGroup(found).getBounds() : null;
}

function drawMarks() {
  const told = JSON.parse(document.getElementById("marks")?.dataset.marks ?? "[]");
  marks.clearLayers();
  for (const one of told) marker(one).addTo(marks);
  if (told.length && !framed) {
    framed = true;
    map.fitBounds(L.latLngBounds(told.map((/** @type {any} */ one) => [one.lat, one.lon])).pad(0.2), { maxZoom: 15, animate: false });
  }
}

/** @param {{lon: number, lat: number, strong: boolean, icon: string, text: string, way: string}} one */
function marker(one) {
  const sign = document.createElement("span");
  sign.className = `event-mark${one.strong ? " is-strong" : ""}`;
  sign.textContent = one.icon;
  const icon = L.divIcon({ className: "", html: sign, iconSize: [34, 34], iconAnchor: [17, 17] });
  const made = L.marker([one.lat, one.lon], { icon, pane: "marks", title: one.text, alt: one.text, zIndexOffset: one.strong ? 1000 : 0 });
  if (one.way) made.on("click", () => location.assign(one.way));
  return made;
}

/** A touch says where. */
function pick() {
  const field = (/** @type {string} */ name) => /** @type {HTMLInputElement} */ (document.querySelector(`[name="${name}"]`));
  const said = /** @type {HTMLElement} */ (document.getElementById("picked"));
  const show = () => {
    const [lon, lat] = [field("lon").value, field("lat").value];
    said.textContent = lon ? `${said.dataset.at}${Number(lon).toFixed(5)}, ${Number(lat).toFixed(5)}` : said.dataset.none ?? "";
    marks.clearLayers();
    if (lon) marker({ lon: Number(lon), lat: Number(lat), strong: true, icon: "点", text: said.textContent ?? "", way: "" }).addTo(marks);
  };
  map.on("click", (/** @type {any} */ event) => {
    const { lng, lat } = event.latlng.wrap();
    field("lon").value = lng.toFixed(6);
    field("lat").value = lat.toFixed(6);
    const division = document.getElementById("of");
    if (division instanceof HTMLSelectElement || division instanceof HTMLInputElement) division.value = "";
    show();
  });
  document.getElementById("of")?.addEventListener("change", () => { field("lon").value = field("lat").value = ""; show(); });
  show();
}
