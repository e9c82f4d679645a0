/** Generated networks that wait for a planner, under the division that is chosen: seen on the map, taken over as a draft. */

import { byId, el } from "../../dom.js";
import { ask, Refused } from "../server.js";
import { t, when } from "../strings.js";

/* global L */

const SHOWN = 40;

/** @param {any} map @param {any} above renderer @param {(draft: any) => void} opened */
export function proposals(map, above, opened) {
  const part = byId("proposals-part");
  const list = byId("proposals");
  const drawn = L.layerGroup().addTo(map);
  let asked = "";

  /** @param {string} root id of the division that is chosen */
  async function show(root) {
    asked = root;
    drawn.clearLayers();
    const found = root ? await ask(`/api/boundaries/proposals?under=${root}`).catch(() => ({ proposals: [] })) : { proposals: [] };
    if (asked !== root) return;
    part.hidden = !found.proposals.length;
    list.replaceChildren(...found.proposals.slice(0, SHOWN).map(row));
    if (found.proposals.length > SHOWN) list.append(el("li", { class: "soft" }, t("moreProposals", { n: found.proposals.length - SHOWN })));
    if (found.proposals.length === 1) void draw(found.proposals[0].township_id);
  }

  /** @param {any} one */
  function row(one) {
    const told = el("p", { class: "gate-told", role: "alert", hidden: "" });
    const replace = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox" }));
    const instead = el("label", { class: "tick-line", hidden: "" }, replace, t("replaceGrids"));
    const button = /** @type {HTMLButtonElement} */ (el("button", { type: "button", "data-adopt": one.township_id, onclick: adopt }, t("adopt")));

    async function adopt() {
      button.disabled = true;
      try {
        opened(await ask(`/api/boundaries/proposals/${one.township_id}/adopt`, { remove_existing: replace.checked }));
      } catch (error) {
        told.hidden = false;
        told.textContent = error instanceof Error ? error.message : String(error);
        instead.hidden = !(error instanceof Refused && error.status === 409);
        button.disabled = false;
      }
    }

    return el("li", {}, el("div", {}, el("b", {}, one.township), el("small", {}, `${t("gridsN", { n: one.grids })} · ${when(one.made_at)}`), one.attribution ? el("small", {}, one.attribution) : null, told, instead),
      el("button", { type: "button", class: "second", onclick: () => void draw(one.township_id) }, t("onMap")), button);
  }

  /** @param {number} township */
  async function draw(township) {
    const found = await ask(`/api/boundaries/proposals/${township}`).catch(() => null);
    drawn.clearLayers();
    if (!found) return;
    const shapes = L.geoJSON(found, { pane: "marks", renderer: above, interactive: false, style: { color: "#c9b6ff", weight: 1.4, dashArray: "4 4", fillColor: "#44357a", fillOpacity: 0.4 } }).addTo(drawn);
    const bounds = shapes.getBounds();
    if (bounds.isValid()) map.fitBounds(bounds, { padding: [12, 12], animate: false });
  }

  return show;
}
