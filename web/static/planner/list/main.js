/** Drafts of boundaries: a new one, by a form or on the map, and the list of all. */

import { byId, el } from "../../dom.js";
import { ask } from "../server.js";
import { proposals } from "./proposals.js";
import { language, nameUnits, t, when, word } from "../strings.js";

/* global L */

const LEVELS = /** @type {Record<string, string[]>} */ ({ city: ["district", "township"], district: ["grid", "township"], township: ["grid"] });
const map = /** @type {any} */ (globalThis).map_small;
const form = /** @type {HTMLFormElement} */ (byId("new"));
const [root, level, name] = /** @type {[HTMLSelectElement, HTMLSelectElement, HTMLInputElement]} */ (["root", "level", "name"].map((id) => byId(id)));
const told = byId("told");
const above = L.svg({ pane: "marks" }); // a canvas there would take the clicks meant for the ground
let named = ""; // the title that was proposed; what somebody wrote is theirs
/** @type {any} */ let mark = null;

const chosen = () => root.selectedOptions[0];

function chooseRoot() {
  const option = chosen();
  level.replaceChildren(...(option ? LEVELS[option.dataset.level ?? ""] ?? [] : []).map((one) => el("option", { value: one }, word("unit", one))));
  propose();
  show();
  void showProposals(root.value);
}

function propose() {
  if (!chosen() || (name.value && name.value !== named)) return;
  nameUnits(level.value);
  named = t("newTitle", { name: chosen().dataset.name ?? "" });
  name.value = named;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = /** @type {HTMLButtonElement} */ (byId("open"));
  if (button.disabled) return;
  button.disabled = true;
  try {
    const head = await ask("/api/boundaries/drafts", { root_id: Number(root.value), level: level.value, title: name.value.trim() });
    location.assign(pathOf(head.id));
  } catch (error) {
    told.hidden = false;
    told.textContent = error instanceof Error ? error.message : String(error);
    button.disabled = false;
  }
});
root.addEventListener("change", chooseRoot);
level.addEventListener("change", propose);

const showProposals = proposals(map, above, (draft) => location.assign(pathOf(draft.id)));

/** @param {string} id @param {string} [rest] */
const pathOf = (id, rest = "") => `/planner/${id}${rest}${language === "en" ? "?lang=en" : ""}`;

async function drawList() {
  const { drafts } = await ask("/api/boundaries/drafts");
  const titles = ["title", "root", "level", "stateWord", "steps", "openedBy", "changedAt"];
  byId("drafts").replaceChildren(drafts.length ? el("table", { class: "grid" }, el("thead", {}, el("tr", {}, ...titles.map((one) => el("th", {}, t(one))), el("th", {}))),
    el("tbody", {}, ...drafts.map(row))) : el("p", { class: "soft" }, t("nothingListed")));
  document.body.dataset.ready = "";
}

/** @param {any} one */
function row(one) {
  const cell = (/** @type {string} */ key, /** @type {import("../../dom.js").Child} */ child) => el("td", { "data-word": t(key) }, child);
  return el("tr", { "data-draft": one.id }, el("td", { class: "head" }, el("a", { href: pathOf(one.id) }, one.title)), cell("root", one.root.name), cell("level", word("unit", one.level)),
    cell("stateWord", el("span", { class: "pl-state" }, word("state", one.state))), cell("steps", one.undo), cell("openedBy", one.opened_by), cell("changedAt", when(one.opened_at)),
    el("td", {}, el("a", { href: pathOf(one.id, "/impact") }, t("impact"))));
}

/** The divisions that a draft may be opened under; a click chooses one. */
async function drawMap() {
  const layers = await Promise.all(["townships", "districts"].map((one) => fetch(`/api/layers/${one}.geojson`).then((answer) => (answer.ok ? answer.json() : null)).catch(() => null)));
  const [townships, districts] = layers;
  const known = new Map([...root.options].map((one) => [one.dataset.code, one.value]));
  const filter = (/** @type {any} */ feature) => feature.geometry !== null && known.has(String(feature.properties.code));
  const renderer = L.canvas({ pane: "overlayPane" });
  const style = { color: "#3f6c90", weight: 1, fillColor: "#10263a", fillOpacity: 1 };
  if (!townships) return;
  const ground = L.geoJSON(townships, { filter, renderer, style }).addTo(map);
  ground.bindTooltip((/** @type {any} */ layer) => el("b", {}, layer.feature.properties.name), { sticky: true, className: "township-note", direction: "top" });
  ground.on("click", (/** @type {any} */ event) => take(known.get(String(event.propagatedFrom.feature.properties.code))));
  if (districts) L.geoJSON(districts, { filter: (/** @type {any} */ feature) => feature.geometry !== null, renderer, interactive: false, style: { color: "#9db8cc", weight: 1.6, fill: false } }).addTo(map);
  shapes = [townships, districts].filter(Boolean).flatMap((one) => one.features);
  const bounds = ground.getBounds();
  if (bounds.isValid()) map.fitBounds(bounds, { animate: false });
  show();
  document.body.dataset.ground = "";
}

/** @type {any[]} */ let shapes = [];

/** @param {string | undefined} id */
function take(id) {
  if (!id) return;
  root.value = id;
  chooseRoot();
}

/** Where the chosen division lies. */
function show() {
  mark?.remove();
  const found = shapes.find((one) => one.geometry && String(one.properties.code) === chosen()?.dataset.code);
  mark = found ? L.geoJSON(found, { pane: "marks", renderer: above, interactive: false, style: { color: "#8fd6c4", weight: 4, fillColor: "#8fd6c4", fillOpacity: 0.25 } }).addTo(map) : null;
}

new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
chooseRoot();
void drawMap();
drawList().catch((error) => byId("drafts").replaceChildren(el("p", { class: "gate-told" }, error.message)));
