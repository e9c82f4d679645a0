/** The side list of findings, errors first: each flies to its place, and offers its mend. */

import { byId, el } from "../dom.js";
import { area, language, t, word } from "./strings.js";

/* global L */

const SHOWN = 100;

/** @param {any} map @param {import("./draft.js").Draft} draft @param {{ choose: (keys: string[]) => void, mend: (finding: any) => void, isOld: () => boolean }} acts */
export function listFindings(map, draft, acts) {
  const list = byId("findings");
  const mark = L.layerGroup().addTo(map);

  function draw() {
    const errors = draft.findings.filter((one) => one.severity === "error").length;
    const tab = byId("tab-findings");
    tab.querySelector("b")?.remove();
    if (draft.findings.length) tab.append(el("b", { class: errors ? "bad" : "" }, draft.findings.length));
    byId("counts").replaceChildren(el("span", { class: errors ? "bad" : "" }, t("errorsN", { n: errors })), " · ", t("warningsN", { n: draft.findings.length - errors }));
    list.replaceChildren(...(draft.findings.length ? draft.findings.slice(0, SHOWN).map(row) : [el("li", { class: "soft" }, t("findingsNone"))]));
    if (draft.findings.length > SHOWN) list.append(el("li", { class: "soft" }, t("moreFindings", { n: draft.findings.length - SHOWN })));
    byId("findings-old").hidden = !acts.isOld();
    mark.clearLayers();
  }

  /** @param {any} one */
  function row(one) {
    const units = one.units.map((/** @type {string} */ key) => draft.shown.get(key)?.properties.name).filter(Boolean);
    return el("li", { class: `pl-finding is-${one.severity}`, "data-finding": one.id, "data-kind": one.kind },
      el("button", { type: "button", class: "pl-fly", onclick: () => fly(one) },
        el("b", {}, el("i", { class: "pl-sign", "aria-hidden": "true" }, one.severity === "error" ? "!" : "?"), word("kind", one.kind), sizeOf(one) ? el("small", {}, sizeOf(one)) : null),
        el("span", {}, textOf(one) || units.slice(0, 3).join("、"))),
      one.mend && draft.mayEdit ? el("button", { type: "button", class: "second small", "data-mend": one.id, onclick: () => acts.mend(one) }, t("mend")) : null);
  }

  /** @param {any} one */
  function fly(one) {
    mark.clearLayers();
    if (one.units.length) acts.choose(one.units.slice(0, 2));
    const shape = one.geometry ? L.geoJSON(one.geometry, { pane: "marks", interactive: false, style: { color: "#ff968f", weight: 4, fillOpacity: 0.35 }, pointToLayer: (/** @type {any} */ _, /** @type {any} */ latlng) => L.circleMarker(latlng, { pane: "marks", radius: 10 }) }).addTo(mark) : null;
    if (one.lon === null) return;
    L.circleMarker([one.lat, one.lon], { pane: "marks", radius: 16, color: "#ff968f", weight: 4, fill: false, interactive: false }).addTo(mark);
    const bounds = shape?.getBounds();
    if (bounds?.isValid()) map.fitBounds(bounds.pad(1.5), { maxZoom: 17, animate: false });
    else map.setView([one.lat, one.lon], Math.max(map.getZoom(), 16), { animate: false });
    document.body.dataset.flown = one.id;
  }

  draft.addEventListener("findings", draw);
  draft.addEventListener("head", draw);
  return { draw, first: () => /** @type {HTMLElement | null} */ (list.querySelector(".pl-fly"))?.focus() };
}

/** @param {any} one */
const textOf = (one) => one[language] ?? one.told ?? "";

/** @param {any} one */
function sizeOf({ size, unit }) {
  if (!unit || !size) return "";
  if (unit === "m²") return area(size);
  if (unit === "households") return t("householdsN", { n: Math.round(size) });
  return `${Math.round(size * 10) / 10} ${unit}`;
}
