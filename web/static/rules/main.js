/** The page of rule authors, put together. */

import { byId, el } from "../dom.js";
import { count } from "../format.js";
import { language } from "../strings.js";
import { change, discard, files, listen, readKnown, rebase, ruleOf, state, textOf } from "./draft.js";
import { editor, redrawFindings } from "./editor.js";
import { inWords } from "./faults.js";
import { forget, putting, versions } from "./putting.js";
import { reading } from "./reading.js";
import { drawShelf } from "./shelf.js";
import { stamp, t, word } from "./strings.js";
import { trial } from "./trial.js";

const TABS = ["edit", "try", "put", "history"];
const AGAIN_MS = 2_000;
const CONTENT = { edit: editor, try: (/** @type {string} */ file) => trial(file, redrawTab), put: () => putting(redraw), history: () => versions(redraw) };

listen((what) => {
  if (what === "draft") byId("check").dataset.state = "checking";
  if (what === "known") redraw();
  if (what === "checked") afterCheck();
});
window.addEventListener("hashchange", follow);
window.addEventListener("beforeunload", (event) => { if (state.changes.size) event.preventDefault(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden && !state.changes.size) void readKnown().catch(() => {}); });

/** The database may still be starting. */
async function begin() {
  byId("notices").replaceChildren(el("p", { class: "notice" }, t("loading")));
  while (!state.known) {
    try {
      await readKnown();
    } catch (error) {
      console.warn(`the rules could not be read: ${error}`);
      byId("notices").replaceChildren(el("p", { class: "notice" }, t("unreachable")));
      await new Promise((done) => setTimeout(done, AGAIN_MS));
    }
  }
  follow();
}

/** The address names the rule and the tab: #river-stage.toml/try. */
function follow() {
  const [file, tab] = decodeURIComponent(location.hash.slice(1)).split("/");
  const wide = matchMedia("(width >= 900px)").matches;
  state.selected = files().includes(file) ? file : wide ? byNumber()[0] : "";
  state.tab = TABS.includes(tab) ? tab : "edit";
  redraw();
}

/** The files in the order of the list. */
const byNumber = () => files().sort((one, other) => (ruleOf(one)?.number ?? 1e9) - (ruleOf(other)?.number ?? 1e9));

/** @param {string} file @param {string} [tab] */
function go(file, tab = state.tab) {
  forget();
  location.hash = file ? `${file}/${tab}` : "";
}

function redraw() {
  byId("in-force").textContent = inForce();
  drawNotices();
  document.body.classList.toggle("one-chosen", state.selected !== "");
  drawShelf(byId("shelf"), (file) => go(file));
  const sheet = byId("sheet");
  if (state.selected) sheet.replaceChildren(head(), el("div", { id: "reading" }, reading(state.selected)), tabs(), el("div", { id: "tab" }));
  else sheet.replaceChildren();
  redrawTab();
}

function redrawTab() {
  if (!state.selected) return;
  byId("tab").replaceChildren(CONTENT[state.tab](state.selected));
  if (state.tab === "edit") redrawFindings(state.selected);
}

/** The text is being typed in: everything but the editor is drawn anew. */
function afterCheck() {
  drawNotices();
  drawShelf(byId("shelf"), (file) => go(file));
  if (!files().includes(state.selected)) return go(byNumber()[0]);
  byId("reading").replaceChildren(reading(state.selected));
  const area = /** @type {HTMLTextAreaElement | null} */ (document.getElementById("text"));
  if (state.tab === "edit" && area && area.value === textOf(state.selected)) redrawFindings(state.selected);
  else redrawTab();
}

function inForce() {
  const { set } = state.known;
  if (set.origin === "shipped") return t("inForceShipped", { n: count(set.rules) });
  return t("inForceSet", { id: set.id, n: count(set.rules), author: set.author, time: stamp(set.put_in_force_at) });
}

function drawNotices() {
  const { read_only: readOnly } = state.known;
  const trouble = inWords(state.known, "trouble");
  const moved = state.changes.size > 0 && state.base !== state.now;
  byId("notices").replaceChildren(
    ...[
      trouble && el("p", { class: "notice grave", role: "alert" }, t("trouble", { text: trouble })),
      readOnly && el("p", { class: "notice" }, t("readOnly")),
      moved && el("p", { class: "notice grave" }, t("moved", { now: state.now, base: state.base }), el("button", { type: "button", class: "plain", onclick: () => void rebase() }, t("rebase"))),
    ].filter((one) => one instanceof Node),
  );
}

function head() {
  const rule = ruleOf(state.selected);
  return el(
    "header",
    { class: "sheet-head" },
    el("button", { type: "button", class: "plain back", onclick: () => go("") }, `‹ ${t("back")}`),
    el("h2", {}, rule?.label[language] ?? state.selected, el("small", {}, rule && `${rule.number} · ${word("kind", rule.kind)} · ${state.selected}`)),
    !state.known.read_only && el("details", { class: "new-rule" }, el("summary", {}, t("newRule")), newRule()),
  );
}

function newRule() {
  const input = /** @type {HTMLInputElement} */ (el("input", { name: "id", required: "", pattern: "[a-z0-9]+(-[a-z0-9]+)*", placeholder: t("newId"), "aria-label": t("newId") }));
  input.addEventListener("input", () => input.setCustomValidity(files().includes(`${input.value}.toml`) ? t("newIdWrong") : ""));
  const make = (/** @type {Event} */ event) => {
    event.preventDefault();
    const text = textOf(state.selected) ?? "";
    change(`${input.value}.toml`, text.replace(/^id\s*=.*$/m, `id = "${input.value}"`));
    go(`${input.value}.toml`, "edit");
  };
  return el("form", { onsubmit: make }, input, el("button", { type: "submit", class: "strong" }, t("create")));
}

function tabs() {
  const tab = (/** @type {string} */ name) => el("button", { type: "button", role: "tab", "data-tab": name, "aria-selected": String(name === state.tab), onclick: () => go(state.selected, name) },
    word("tab", name), name === "put" && state.changes.size > 0 && el("em", { class: "mark" }, state.changes.size));
  return el("div", { class: "tabs", role: "tablist" }, ...TABS.map(tab),
    state.changes.size > 0 && el("button", { type: "button", class: "plain discard", onclick: () => { discard(); redraw(); } }, `${t("draftOf")} · ${t("discard")}`));
}

await begin();
document.body.dataset.ready = "true";
