/** One dialog for every act: what it is, what has to be said, and what the server said against it. */

import { el } from "../dom.js";
import { t, word } from "./strings.js";

/**
 * @typedef {{ name: string, label: string, node?: HTMLElement, required?: boolean }} Field
 * @param {{ title: string, note?: string, fields?: HTMLElement[], reasons?: string, danger?: boolean,
 *   act: (said: Record<string, any>) => Promise<void>, verb?: string }} what
 */
export function askFor(what) {
  const told = el("p", { class: "gate-told", role: "alert", hidden: "" });
  const go = /** @type {HTMLButtonElement} */ (el("button", { type: "submit", class: what.danger ? "danger" : null }, what.verb ?? what.title));
  const form = /** @type {HTMLFormElement} */ (el("form", { class: "own-form", method: "dialog" },
    el("h2", { id: "act-title" }, what.title),
    what.note ? el("p", { class: "soft" }, what.note) : null,
    ...(what.fields ?? []),
    what.reasons ? reasonField(what.reasons) : null,
    told,
    el("p", { class: "buttons" }, go, el("button", { type: "button", class: "second", onclick: () => dialog.close() }, t("cancel")))));
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "act-dialog own office", "aria-labelledby": "act-title" }, form));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (go.disabled) return;
    go.disabled = true; // a second click is no second act
    try {
      await what.act(said(form));
      dialog.close();
    } catch (error) {
      told.hidden = false;
      told.textContent = error instanceof Error ? error.message : String(error);
      go.disabled = false;
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** @param {HTMLFormElement} form */
function said(form) {
  /** @type {Record<string, any>} */ const found = {};
  for (const [name, value] of new FormData(form)) {
    if (name in found) found[name] = [found[name], value].flat();
    else found[name] = value;
  }
  return found;
}

/** A reason, which one tap gives; a drill has others than the real thing. @param {string} kind */
function reasonField(kind) {
  const text = /** @type {HTMLTextAreaElement} */ (el("textarea", { name: "reason", required: "", maxlength: 500, id: "act-reason", "aria-describedby": "act-reason-hint" }));
  const chips = (/** @type {string} */ name) => word("reasons", name).split("|").map((one) =>
    el("button", { type: "button", class: "chip-button", onclick: () => { text.value = one; } }, one));
  return el("div", { class: "reason" }, el("label", { for: "act-reason" }, t("reason")),
    el("div", { class: "chips for-real" }, ...chips(kind)), kind === "start" ? el("div", { class: "chips for-drill" }, ...chips("drill")) : null, text, el("small", { id: "act-reason-hint" }, t("reasonHint")));
}

/** @param {string} name @param {string} label @param {HTMLElement} input */
export function field(name, label, input) {
  input.id = `act-${name}`;
  input.setAttribute("name", name);
  return el("div", {}, el("label", { for: input.id }, label), input);
}

/** @param {Array<[string, string]>} choices @param {string} [chosen] */
export function select(choices, chosen) {
  return el("select", {}, ...choices.map(([value, text]) => el("option", { value, selected: value === chosen ? "" : null }, text)));
}

