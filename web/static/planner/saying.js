/** What the page says of what happened, for eyes and for screen readers, and the questions that an act needs answered. */

import { byId, el } from "../dom.js";
import { t } from "./strings.js";

let gone = 0;
const STAYS_MS = 9000;

/** @param {string} text @param {"note" | "bad"} [kind] */
export function say(text, kind = "note") {
  const node = byId("told");
  node.className = `pl-told is-${kind}`;
  node.replaceChildren(el("span", {}, text), el("button", { type: "button", class: "second", "aria-label": t("close"), onclick: () => { node.hidden = true; } }, "×"));
  node.hidden = false;
  clearTimeout(gone);
  if (kind === "note") gone = window.setTimeout(() => { node.hidden = true; }, STAYS_MS);
}

/** For screen readers alone. @param {string} text */
export function whisper(text) {
  byId("whisper").textContent = text;
}

/**
 * A question; the answer is what the form says, or null where it was given up.
 * @param {{ title: string, note?: string, fields: HTMLElement[], verb?: string }} what
 * @returns {Promise<Record<string, string> | null>}
 */
export function askFor({ title, note, fields, verb }) {
  const form = /** @type {HTMLFormElement} */ (el("form", { class: "own-form", method: "dialog" },
    el("h2", { id: "ask-title" }, title), note ? el("p", { class: "soft" }, note) : null, ...fields,
    el("p", { class: "buttons" }, el("button", { type: "submit", value: "yes" }, verb ?? title), el("button", { type: "button", class: "second", onclick: () => dialog.close() }, t("cancel")))));
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "act-dialog own office", "aria-labelledby": "ask-title" }, form));
  dialog.addEventListener("keydown", (event) => { if (event.key === "Escape") dialog.close(); });
  document.body.append(dialog);
  const answer = new Promise((done) => {
    dialog.addEventListener("close", () => {
      done(dialog.returnValue === "yes" ? Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()])) : null);
      dialog.remove();
    });
  });
  dialog.showModal();
  /** @type {HTMLElement | null} */ (form.querySelector("input"))?.focus();
  return answer;
}

/** @param {string} name @param {string} label @param {HTMLElement} input */
export function field(name, label, input) {
  input.id = `ask-${name}`;
  input.setAttribute("name", name);
  return el("div", {}, el("label", { for: input.id }, label), input);
}

/** One of several. @param {string} name @param {Array<[string, string, string]>} choices value, text, note */
export function radios(name, choices) {
  return el("div", { class: "pl-radios", role: "radiogroup" }, ...choices.map(([value, text, note], i) =>
    el("label", { class: "tick-line" }, el("input", { type: "radio", name, value, checked: i === 0 ? "" : null }), el("span", {}, text, note ? el("small", {}, ` ${note}`) : null))));
}
