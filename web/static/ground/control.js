/** The button above the map that opens the list of layers: switched by click, key or address. */

import { byId, el } from "../dom.js";
import { t } from "../strings.js";
import { layers, nameOf, opacityOf, setOpacity, shown, switchLayer, whenLayers } from "./layers.js";

const PANEL = "ground-panel";

/** @type {HTMLElement} */ let button;
/** @type {HTMLElement} */ let panel;

/** Put it into its place. */
export function drawControl() {
  button = el("button", { type: "button", class: "ground-button", "aria-expanded": "false", "aria-controls": PANEL, onclick: () => open(panel.hidden) }, t("ground.layers"));
  panel = el("div", { id: PANEL, class: "ground-panel", role: "group", "aria-label": t("ground.panel"), hidden: true });
  byId("layers").append(button, panel);
  byId("layers").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    event.stopPropagation();
    open(false);
    button.focus();
  });
  document.addEventListener("pointerdown", ({ target }) => { if (!byId("layers").contains(/** @type {Node} */ (target))) open(false); });
  whenLayers(renew);
}

/** @param {boolean} wanted */
function open(wanted) {
  panel.hidden = !wanted;
  button.setAttribute("aria-expanded", String(wanted));
}

/** The list is drawn once for a set of layers; then only its state changes, so that the focus stays. */
function renew() {
  const ids = layers().map(({ id }) => id).join();
  if (panel.dataset.of !== ids) panel.replaceChildren(el("ul", {}, ...[...layers()].reverse().map(entry)));
  panel.dataset.of = ids;
  const on = new Set(shown().map(({ id }) => id));
  for (const input of panel.querySelectorAll("input")) {
    if (input.type === "checkbox") input.checked = on.has(input.name);
    else input.disabled = !on.has(input.name);
  }
}

/** @param {import("./layers.js").Layer} layer */
function entry(layer) {
  const box = el("input", { type: "checkbox", name: layer.id, onchange: (/** @type {any} */ { target }) => switchLayer(layer.id, target.checked) });
  const range = el("input", {
    type: "range", name: layer.id, min: 10, max: 100, step: 5, value: Math.round(opacityOf(layer) * 100), "aria-label": t("ground.opacity", { name: nameOf(layer) }),
    oninput: (/** @type {any} */ { target }) => setOpacity(layer, Number(target.value) / 100),
  });
  return el("li", {}, el("label", {}, box, el("span", {}, nameOf(layer))), range, el("small", {}, notes(layer).join(" · ")));
}

/** What has to be said of a layer wherever it is shown. @param {import("./layers.js").Layer} layer @returns {string[]} */
export function notes(layer) {
  const approval = layer.approval ? t("ground.approval", { number: layer.approval.replace(/^审图号[：:]?\s*/, "") }) : layer.kind === "raster" ? t("ground.noApproval") : "";
  return [layer.attribution, approval, layer.derived ? t("ground.derived") : ""].filter(Boolean);
}
