/** Putting a draft in force, and going back to an earlier version. */

import { el } from "../dom.js";
import { count } from "../format.js";
import { diffs } from "./diffs.js";
import { discard, draft, readKnown, state } from "./draft.js";
import { get, post, Refused } from "./server.js";
import { stamp, t } from "./strings.js";

let note = "";
let said = "";
let good = false;

/** @param {() => void} redraw */
export function putting(redraw) {
  const done = said && el("p", { class: good ? "good-line" : "wrong-line", role: "alert", id: "put-said" }, said);
  if (state.changes.size === 0) return el("div", { class: "putting" }, done, el("p", { class: "quiet" }, t("nothingToPut")));
  return el(
    "div",
    { class: "putting" },
    done,
    diffs(state.diff),
    state.faults.length > 0
      ? el("p", { class: "wrong-line" }, t("mendFirst"))
      : el("form", { class: "put-form", id: "put-form", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); void put(redraw); } },
        el("p", { class: "quiet" }, t("putNote")), ...signature(),
        el("button", { type: "submit", class: "strong", disabled: state.known.read_only || state.checking ? "" : null }, t("put"))),
  );
}

function signature() {
  const why = /** @type {HTMLTextAreaElement} */ (el("textarea", { name: "note", required: "", maxlength: 1000, rows: 2 }));
  why.value = note;
  why.addEventListener("input", () => { note = why.value; });
  return [el("label", {}, t("note"), why)];
}

/** @param {() => void} redraw */
const put = (redraw) => act(redraw, () => post("/put", { ...draft(), note }), true);

/** @param {() => void} redraw @param {() => Promise<{ set: number }>} work @param {boolean} ends whether the draft is done with */
async function act(redraw, work, ends) {
  try {
    const { set } = await work();
    state.now = set;
    if (ends) discard();
    await readKnown();
    [said, good, note] = [t("putDone", { id: set }), true, ""];
  } catch (error) {
    [said, good] = [String(/** @type {Error} */ (error).message), false];
    if (error instanceof Refused && error.status === 409) await readKnown();
  }
  redraw();
}

/** Forget what was said of the last change. */
export const forget = () => { said = ""; };

/** @param {() => void} redraw */
export function versions(redraw) {
  const list = el("ol", { class: "versions", id: "versions" });
  void fill(list, redraw);
  return el("div", { class: "history" }, said && el("p", { class: good ? "good-line" : "wrong-line", role: "alert" }, said), list);
}

/** @param {HTMLElement} list @param {() => void} redraw */
async function fill(list, redraw) {
  const { now, sets } = await get("/history");
  if (!sets.length) list.replaceChildren(el("li", { class: "quiet" }, t("noHistoryYet")));
  else list.replaceChildren(...sets.map((/** @type {any} */ one) => version(one, one.id === now, redraw)), shipped(redraw));
}

/** @param {any} one @param {boolean} current @param {() => void} redraw */
function version(one, current, redraw) {
  const who = one.origin === "shipped" ? t("shippedBy") : one.author;
  return el(
    "li",
    { "data-set": one.id, class: current ? "current" : "" },
    el("p", {}, el("b", {}, t("version", { id: one.id })), current && el("em", { class: "mark" }, t("current")),
      el("small", {}, `${who} · ${stamp(one.put_in_force_at)} · ${t("rulesCount", { n: count(one.rules) })}`)),
    one.note && el("p", { class: "version-note" }, one.note),
    !current && compare(one.id, redraw),
  );
}

/** @param {() => void} redraw */
const shipped = (redraw) => el("li", { "data-set": 0 }, el("p", {}, el("b", {}, t("shippedNow"))), compare(0, redraw));

/** @param {number} id @param {() => void} redraw */
function compare(id, redraw) {
  const shown = el("details", { class: "compare" }, el("summary", {}, t("show")));
  shown.addEventListener("toggle", () => void open(shown, id, redraw), { once: true });
  return shown;
}

/** @param {HTMLElement} shown @param {number} id @param {() => void} redraw */
async function open(shown, id, redraw) {
  const { diff } = await get(`/sets/${id}`);
  if (!diff.length) return void shown.append(el("p", { class: "quiet" }, t("same")));
  const back = (/** @type {Event} */ event) => {
    event.preventDefault();
    void act(redraw, () => post("/revert", { base: state.now, set: id, note }), false);
  };
  shown.append(diffs(diff));
  if (!state.known.read_only) {
    shown.append(el("form", { class: "put-form", onsubmit: back }, ...signature(), el("button", { type: "submit", class: "strong" }, t("revert"))));
  }
}
