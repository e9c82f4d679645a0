/** Fields and rows of the editor: each writes into the plan as it is typed, and knows its place in it. */

import { el } from "../dom.js";
import { t } from "./strings.js";

/** @typedef {{node: HTMLElement, at: () => string}} Placed fields that a finding may stand beside */
/** @type {Placed[]} */
let placed = [];
let numbers = 0;
/** @type {{typed: () => void, redraw: () => void}} */
export const hooks = { typed: () => {}, redraw: () => {} };

/** Forget the fields of the form that was drawn before. */
export function begin() { placed = []; numbers = 0; }

/** @returns {Placed[]} */
export const fields = () => placed;

/**
 * A label and its control, at a place of the plan.
 * @param {string} label @param {string | (() => string)} at @param {HTMLElement} control @param {string} [shape] "is-wide", "is-half"
 */
export function field(label, at, control, shape = "") {
  const id = `field-${(numbers += 1)}`;
  const inner = control.matches("input, select, textarea") ? control : control.querySelector("input, select, textarea");
  if (inner) inner.id = id;
  const node = el("div", { class: `ed-field ${shape}`.trim() }, el("label", { for: id }, label), control);
  placed.push({ node, at: typeof at === "string" ? () => at : at });
  return node;
}

/** Put a value where it belongs; what is empty is not there. */
function put(of, key, value) {
  if (value === "" || value === null || (Array.isArray(value) && !value.length)) delete of[key];
  else of[key] = value;
  hooks.typed();
}

/** @param {Record<string, any>} of @param {string} key */
export function text(of, key, more = {}) {
  return el("input", { value: of[key] ?? "", maxlength: 500, autocomplete: "off", ...more,
    oninput: (event) => put(of, key, event.target.value) });
}

/** Several lines; grows with what is in it. */
export function area(of, key) {
  const node = el("textarea", { rows: 1, maxlength: 2000, oninput: (event) => put(of, key, event.target.value) });
  node.value = of[key] ?? "";
  return node;
}

/** A list, an item a line. */
export function lines(of, key) {
  const node = el("textarea", { rows: Math.max(1, (of[key] ?? []).length), maxlength: 4000,
    oninput: (event) => put(of, key, event.target.value.split("\n").map((one) => one.trim()).filter(Boolean)) });
  node.value = (of[key] ?? []).join("\n");
  return node;
}

export function number(of, key, { least = 1, whole = true } = {}) {
  return el("input", { type: "number", inputmode: whole ? "numeric" : "decimal", min: least, step: whole ? 1 : "any",
    value: of[key] ?? "",
    oninput: ({ target }) => put(of, key, target.value === "" ? "" : Number(target.value)) });
}

/**
 * A choice; `empty` is the word for none, null where there has to be one. What the plan has and the list has not stays.
 * @param {{value: any, label: string}[]} options
 */
export function choice(of, key, options, empty = null, then = () => {}) {
  const there = options.some((one) => String(one.value) === String(of[key] ?? ""));
  const extra = of[key] !== undefined && !there ? [{ value: of[key], label: String(of[key]) }] : [];
  const node = el("select", { onchange: ({ target }) => {
    const found = [...options, ...extra].find((one) => String(one.value) === target.value);
    put(of, key, found ? found.value : "");
    then(found);
  } }, ...(empty === null && of[key] !== undefined ? [] : [el("option", { value: "" }, empty ?? t("choose"))]),
  ...[...options, ...extra].map((one) => el("option", { value: one.value }, one.label)));
  node.value = String(of[key] ?? "");
  return node;
}

/** A post of the list, or a party outside, which is typed. */
export function post(of, key, posts, empty = null) {
  const box = el("div", {});
  const OTHER = "\u0000";
  function asChoice() {
    const node = choice(of, key, posts, empty);
    node.append(el("option", { value: OTHER }, t("otherParty")));
    node.addEventListener("change", () => { if (node.value === OTHER) asText(); });
    const id = box.querySelector("input, select")?.id;
    if (id) node.id = id;
    box.replaceChildren(node);
  }
  function asText() {
    const id = box.querySelector("input, select")?.id;
    const node = text(of, key, { maxlength: 60, ...(id ? { id } : {}) });
    box.replaceChildren(node);
    node.focus();
  }
  asChoice();
  return box;
}

export function tick(of, key, label) {
  const node = el("input", { type: "checkbox", onchange: ({ target }) => { of[key] = target.checked; hooks.typed(); } });
  node.checked = of[key] === true;
  return el("label", { class: "tick-line" }, node, el("span", {}, label));
}

export function button(label, act, kind = "second small") {
  return el("button", { type: "button", class: kind, onclick: act }, label);
}

/** Rows of a list: each drawn by `draw`, with a way to take it out; and one to add another. */
export function rows(list, draw, blank, { label = t("add"), slim = false } = {}) {
  const nodes = list.map((item, place) => el("div", { class: `ed-row${slim ? " is-slim" : ""}` },
    draw(item, place), button(t("remove"), () => { list.splice(place, 1); hooks.redraw(); })));
  return [...nodes, el("p", { class: "buttons" }, button(label, () => { list.push(blank()); hooks.redraw(); }))];
}

/** An id that the list does not have: T8 after T7. */
export function nextId(list, letter) {
  const used = new Set(list.map((one) => one.id));
  let n = list.length + 1;
  while (used.has(`${letter}${n}`)) n += 1;
  return `${letter}${n}`;
}
