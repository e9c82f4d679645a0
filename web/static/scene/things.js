/** Things of the division in view as signs on the map, together where they would lie on one another. */

import { said, say, whenSaid } from "../address.js";
import { map } from "../citymap.js";
import { el } from "../dom.js";
import { t } from "../strings.js";
import { icon, kindName, kinds } from "./kinds.js";

/* global L */

/** @typedef {{id: number, geometry: any, properties: {kind: string, name: string, at?: [number, number]}}} Feature */

const MOST = 400; // signs in view
const CELLS = [40, 72, 110]; // px between signs: the first that brings no more than that
const PANE = "things", AREAS = "thing-areas";

/** @type {Feature[]} */ let features = [];
/** @type {Set<string>} */ const off = new Set();
/** @type {any} */ let signs = null;
/** @type {any} */ let areas = null;
let level = "", asked = 0, frame = 0;

/** Make the panes, and draw whenever the view changes. */
export function drawThings() {
  for (const [name, z] of /** @type {const} */ ([[PANE, 605], [AREAS, 420]])) {
    if (!map.getPane(name)) map.createPane(name).style.zIndex = String(z); // below the alerts
  }
  signs = L.layerGroup().addTo(map);
  areas = L.layerGroup().addTo(map);
  map.on("moveend zoomend resize", redraw);
  whenSaid(["thing"], redraw);
  addEventListener("shijing-theme", redraw);
}

/** What stands in a division; "": nothing is drawn. @param {string} division @param {string | null} ofLevel */
export async function readThings(division, ofLevel) {
  const mine = ++asked;
  level = ofLevel ?? "";
  const answer = division === "" ? null : await fetch(`/api/scene/things?in=${division}`).catch(() => null);
  if (mine !== asked) return;
  features = answer?.ok ? (await answer.json()).features : [];
  redraw();
}

/** @param {string} kind */
export const isKindShown = (kind) => !off.has(kind);

/** Take a kind off the map, or put it back. @param {string} kind @param {boolean} shown */
export function showKind(kind, shown) {
  if (shown) off.delete(kind);
  else off.add(kind);
  redraw();
}

function redraw() {
  frame ||= requestAnimationFrame(() => { frame = 0; draw(); });
}

/** Where its sign stands. @param {Feature} feature @returns {[number, number]} */
function place({ geometry, properties }) {
  const [lon, lat] = properties.at ?? geometry.coordinates;
  return [lat, lon];
}

function draw() {
  const view = map.getBounds().pad(0.05), zoom = map.getZoom();
  const near = level === "grid" || level === "microgrid"; // whoever looks at a grid sees all of it
  const shown = features.filter((one) => {
    const { kind } = one.properties;
    if (String(one.id) === said("thing")) return true;
    return !off.has(kind) && (near || zoom >= (kinds.get(kind)?.min_zoom ?? 14)) && view.contains(place(one));
  });
  signs.clearLayers();
  areas.clearLayers();
  drawAreas(shown);
  const cells = cellsOf(shown);
  for (const cell of cells) signs.addLayer(cell.length === 1 ? sign(cell[0]) : cluster(cell));
  document.body.dataset.things = String(shown.length);
}

/** @param {Feature[]} shown */
function drawAreas(shown) {
  const style = getComputedStyle(document.body);
  const extents = shown.filter(({ geometry }) => geometry.type !== "Point");
  if (extents.length === 0) return;
  const color = style.getPropertyValue("--text").trim();
  areas.addLayer(L.geoJSON({ type: "FeatureCollection", features: extents }, {
    pane: AREAS, interactive: false, renderer: L.canvas({ pane: AREAS }),
    style: { color, weight: 2, opacity: 0.8, dashArray: "6 4", fillOpacity: 0.06 },
  }));
}

/** Those that would lie on one another, together: each joins the first that is near enough. @param {Feature[]} shown @returns {Feature[][]} */
function cellsOf(shown) {
  for (const size of CELLS) {
    /** @type {Map<string, Array<{x: number, y: number, all: Feature[]}>>} */ const cells = new Map();
    const found = [];
    for (const one of shown) {
      const { x, y } = map.project(place(one), map.getZoom());
      const [column, row] = [Math.floor(x / size), Math.floor(y / size)];
      const near = String(one.id) === said("thing") ? undefined : around(cells, column, row).find((other) => Math.hypot(other.x - x, other.y - y) < size);
      if (near) near.all.push(one);
      else {
        const made = { x, y, all: [one] };
        found.push(made.all);
        if (String(one.id) !== said("thing")) cells.set(`${column} ${row}`, [...(cells.get(`${column} ${row}`) ?? []), made]);
      }
    }
    if (found.length <= MOST || size === CELLS.at(-1)) return found.slice(0, MOST);
  }
  return [];
}

/** @template T @param {Map<string, T[]>} cells @param {number} column @param {number} row @returns {T[]} */
const around = (cells, column, row) =>
  [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => cells.get(`${column + dx} ${row + dy}`) ?? []));

/** @param {Feature} one */
function sign(one) {
  const { kind, name } = one.properties;
  const chosen = String(one.id) === said("thing");
  const node = el("span", { class: `thing-sign${chosen ? " chosen" : ""}`, "data-thing": one.id }, icon(kind));
  return marker(place(one), node, `${kindName(kind)} ${name}`, () => say({ thing: one.id }));
}

/** @param {Feature[]} cell */
function cluster(cell) {
  const same = cell.every(({ properties }) => properties.kind === cell[0].properties.kind);
  const node = el("span", { class: "thing-sign many" }, same ? icon(cell[0].properties.kind) : null, el("b", {}, cell.length));
  const at = cell.map(place).reduce(([a, b], [c, d]) => [a + c / cell.length, b + d / cell.length], [0, 0]);
  return marker(/** @type {[number, number]} */ (at), node, t("scene.cluster", { n: cell.length }), () => {
    const bounds = L.latLngBounds(cell.map(place));
    if (map.getZoom() >= map.getMaxZoom() || bounds.getNorthEast().equals(bounds.getSouthWest())) say({ thing: cell[0].id });
    else map.fitBounds(bounds.pad(0.2), { animate: false });
  });
}

/** @param {[number, number]} at @param {HTMLElement} node @param {string} title @param {() => void} act */
function marker(at, node, title, act) {
  return L.marker(at, { pane: PANE, title, alt: title, icon: L.divIcon({ className: "thing-mark", html: node, iconSize: [0, 0] }) }).on("click", act);
}
