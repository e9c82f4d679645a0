/** The editor of a plan: loads the draft, draws the form, has it checked while it is written, saves it. */

import { byId, el } from "../dom.js";
import { form } from "./form.js";
import { fields, hooks } from "./rows.js";
import { ask } from "./saving.js";
import { t } from "./strings.js";

const editor = byId("editor");
const { base, back } = editor.dataset;
const CHECK_AFTER_MS = 700;

/** @type {any} */
let state;
let dirty = false;
let timer = 0;
let asked = 0; // the last check that was asked for; an answer to an earlier one is late

const parts = el("div", { class: "plan-editor" });
const elsewhere = el("div", {});
const told = el("span", { class: "state", role: "status" });
const counts = el("span", { id: "counts" });
const saveButton = /** @type {HTMLButtonElement} */ (el("button", { type: "button", id: "save", onclick: save }, t("save")));
const publish = el("a", { class: "button second", id: "to-publish", href: `${back}#publish` }, t("publish"));

hooks.typed = () => { touched(); };
hooks.redraw = () => { draw(); touched(); };

function draw() {
  const open = window.scrollY;
  parts.replaceChildren(...form(state));
  window.scrollTo(0, open);
  showFindings();
}

function touched() {
  dirty = true;
  tell(t("unsaved"));
  clearTimeout(timer);
  timer = window.setTimeout(check, CHECK_AFTER_MS);
}

function tell(text, isBad = false) {
  told.textContent = text;
  told.classList.toggle("bad", isBad);
  publish.hidden = dirty;
}

/** What is sent: the plan, without what the form only made room for. */
const edited = () => ({ whole: state.whole, template: state.template ?? "", revise_by: state.revise_by ?? "", note: state.note ?? "" });

async function check() {
  const mine = (asked += 1);
  const templateWas = state.template;
  try {
    const answer = await ask(`${base}/check`, edited());
    if (mine !== asked) return;
    take(answer, templateWas);
  } catch (error) {
    if (mine === asked) tell(error.message, true);
  }
}

function take(answer, templateWas) {
  const isOther = JSON.stringify(answer.inherited) !== JSON.stringify(state.inherited);
  state.findings = answer.findings;
  state.inherited = answer.inherited;
  if (isOther && templateWas === state.template) draw();
  else showFindings();
}

async function save() {
  clearTimeout(timer);
  asked += 1;
  saveButton.disabled = true;
  try {
    const answer = await ask(`${base}/draft`, edited());
    dirty = false;
    Object.assign(state, { whole: answer.whole, inherited: answer.inherited, findings: answer.findings });
    draw();
    tell(t("saved"));
  } catch (error) {
    tell(t("failed", { text: error.message }), true);
  } finally {
    saveButton.disabled = false;
  }
}

/** Each finding beside its field, or its nearest; what has none, under the form. */
function showFindings() {
  for (const node of parts.querySelectorAll(".ed-said")) node.remove();
  for (const one of fields()) one.node.classList.remove("is-wrong");
  const lost = state.findings.filter((one) => !beside(one));
  elsewhere.replaceChildren(...(lost.length ? [el("section", { class: "own-part" }, el("h2", {}, t("elsewhere")),
    el("ul", { class: "findings" }, ...lost.map((one) => el("li", { class: `is-${one.severity}` }, el("b", {}, one.where), el("span", {}, one.told), el("small", {}, one.mend)))))] : []));
  const errors = state.findings.filter((one) => one.severity === "error").length;
  const warnings = state.findings.length - errors;
  counts.replaceChildren(el("span", { class: errors ? "bad" : "" }, errors ? t("errors", { n: errors }) : ""),
    errors && warnings ? " · " : "", warnings ? t("warnings", { n: warnings }) : "", state.findings.length ? "" : t("sound"));
}

function beside(one) {
  const found = nearest(one.at);
  const said = el("p", { class: `ed-said is-${one.severity}`, role: "note" }, one.told, " ", el("small", {}, `→ ${one.mend}`));
  if (found) {
    const grid = found.node.closest(".ed-row > .ed-grid");
    if (grid) said.prepend(el("b", {}, `${found.node.firstChild?.textContent}：`));
    (grid ?? found.node).append(said);
    if (one.severity === "error") found.node.classList.add("is-wrong");
    return true;
  }
  const part = parts.querySelector(`#part-${CSS.escape(one.at.split(".")[0])}`);
  part?.append(said);
  return Boolean(part);
}

function nearest(at) {
  for (let steps = at.split("."); steps.length; steps = steps.slice(0, -1)) {
    const found = fields().find((one) => one.at() === steps.join("."));
    if (found) return found;
  }
  return undefined;
}

addEventListener("beforeunload", (event) => { if (dirty) event.preventDefault(); });

try {
  state = await ask(`${base}/draft`);
  editor.replaceChildren(parts, elsewhere, el("div", { class: "ed-foot", id: "foot" }, saveButton, publish,
    el("a", { class: "button second", href: back }, t("leave")), counts, told));
  draw();
  tell(t(state.is_draft ? "saved" : "untouched"));
  publish.hidden = !state.is_draft;
  document.body.dataset.ready = "";
} catch (error) {
  editor.replaceChildren(el("p", { class: "gate-told", role: "alert" }, error.message));
}
