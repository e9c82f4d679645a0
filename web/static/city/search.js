/** The search box: an input with a list beneath, by the keyboard as by the mouse. */

import { say } from "../address.js";
import { lookAt } from "../citymap.js";
import { byId, el } from "../dom.js";
import { t, word } from "../strings.js";
import { ofLevel } from "./divisions.js";
import { inView } from "./path.js";

/** @typedef {{kind: string, id: number, title: string, note: string, in: number | null, lon: number | null, lat: number | null,
 *   sensor: number | null}} Found sensor: of a device */

const WAIT_MS = 120;

/** @type {Found[]} */ let found = [];
let chosen = -1;
let timer = 0;
/** @type {AbortController | null} */ let asking = null;
/** @type {HTMLInputElement} */ let box;
/** @type {HTMLElement} */ let list;

/** Draw it. */
export function drawSearch() {
  box = /** @type {HTMLInputElement} */ (el("input", {
    type: "search", id: "search-box", role: "combobox", autocomplete: "off", spellcheck: "false", maxlength: 60,
    "aria-expanded": "false", "aria-controls": "search-list", "aria-autocomplete": "list",
    "aria-label": t("city.search"), placeholder: t("city.search"), title: t("city.searchHint"),
    oninput: later, onkeydown: byKey, onfocus: () => { if (found.length) open(true); }, onblur: () => open(false),
  }));
  list = el("ul", { id: "search-list", role: "listbox", "aria-label": t("city.search"), hidden: "" });
  byId("search").replaceChildren(box, list);
}

function later() {
  clearTimeout(timer);
  timer = window.setTimeout(() => void ask(box.value.trim()), WAIT_MS);
}

/** @param {string} text */
async function ask(text) {
  asking?.abort();
  if (!text) return show([], "");
  asking = new AbortController();
  try {
    const answer = await fetch(`/api/search?q=${encodeURIComponent(text)}`, { signal: asking.signal });
    if (answer.ok) show((await answer.json()).found, t("city.nothing", { q: text }));
    else show(byName(text), t("city.unreachable"));
  } catch (error) {
    if (/** @type {Error} */ (error).name !== "AbortError") show(byName(text), t("city.unreachable"));
  }
}

/** Where the server cannot be asked: among the names that the map has. @param {string} text @returns {Found[]} */
function byName(text) {
  return [...ofLevel("district"), ...ofLevel("township")]
    .filter(({ name, code }) => name.includes(text) || code.startsWith(text)).slice(0, 12)
    .map(({ id, level, name, code }) => ({ kind: level, id, title: name, note: code, in: id, lon: null, lat: null, sensor: null }));
}

/** @param {Found[]} next @param {string} otherwise what is said where there is none */
function show(next, otherwise) {
  found = next;
  chosen = next.length ? 0 : -1;
  list.replaceChildren(...found.map(row), ...(found.length || !otherwise ? [] : [el("li", { class: "search-none", role: "presentation" }, otherwise)]));
  mark();
  open(list.childElementCount > 0);
}

/** @param {Found} one @param {number} i */
function row(one, i) {
  return el("li", { role: "option", id: `search-${i}`, "data-kind": one.kind, onmousedown: (/** @type {Event} */ event) => { event.preventDefault(); choose(i); } },
    el("span", { class: "search-kind" }, word("city.kind", one.kind)), el("b", {}, one.title), el("small", {}, one.note));
}

/** @param {KeyboardEvent} event */
function byKey(event) {
  if (event.isComposing) return; // the keys are those of an input method
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && found.length) {
    open(true);
    chosen = (chosen + step + found.length) % found.length;
    mark();
  } else if (event.key === "Enter" && chosen >= 0 && !list.hidden) choose(chosen);
  else if (event.key === "Escape" && !list.hidden) open(false);
  else return;
  event.preventDefault();
}

function mark() {
  [...list.children].forEach((node, i) => node.setAttribute("aria-selected", String(i === chosen)));
  if (chosen < 0) return box.removeAttribute("aria-activedescendant");
  box.setAttribute("aria-activedescendant", `search-${chosen}`);
  list.children[chosen].scrollIntoView({ block: "nearest" });
}

/** @param {boolean} shown */
function open(shown) {
  list.hidden = !shown;
  box.setAttribute("aria-expanded", String(shown));
}

/** @param {number} i */
function choose(i) {
  const { kind, id, in: within, lon, lat, sensor } = found[i];
  open(false);
  const here = inView()?.id;
  const place = within ?? null;
  if (kind === "city") say({ in: null, sensor: null, thing: null });
  else if (kind === "sensor") say({ ...(place && { in: place }), sensor: id, thing: null });
  else if (kind === "device") say({ ...(place && { in: place }), sensor, thing: null });
  else if (kind === "thing") say({ ...(place && { in: place }), thing: id, sensor: null });
  else say({ in: id, sensor: null, thing: null });
  if (lon !== null && lat !== null && (place === null || place === here)) lookAt([lat, lon]);
  box.select();
}
