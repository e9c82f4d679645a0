/** The line over the map: whose draft, who edits, whether all is saved; and which tools can be used now. */

import { byId, el } from "../dom.js";
import { lockWords } from "./locking.js";
import { t, word } from "./strings.js";
import { EDIT_FROM_ZOOM } from "./handles.js";

/**
 * @param {{ map: any, draft: import("./draft.js").Draft, outbox: import("./outbox.js").Outbox, drawing: import("./drawing.js").Drawing, locking: import("./locking.js").Locking, rebase: () => void }} parts
 */
export function drawHead({ map, draft, outbox, drawing, locking, rebase }) {
  function draw() {
    const { head } = draft;
    if (!head) return;
    document.title = `${head.title} · ${document.title.split(" · ").pop()}`;
    byId("title").textContent = head.title;
    byId("of").textContent = `${head.root.name} · ${t("countN", { n: draft.shown.size })}`;
    const state = byId("state");
    state.textContent = word("state", head.state);
    state.dataset.state = head.state;
    drawLock();
    drawSaved();
    drawTools();
  }

  function drawLock() {
    const { head } = draft;
    if (!locking.asked) return;
    const line = byId("lock");
    const words = lockWords(draft) || (head.editable ? "" : t("closed", { state: word("state", head.state) }));
    const free = head.editable && !head.lock;
    line.replaceChildren(free ? t("lockFree") : words, " ", free ? el("button", { type: "button", class: "second small", onclick: () => void locking.take() }, t("lockTake")) : null ?? "");
    line.classList.toggle("is-mine", draft.mayEdit);
    const old = byId("outdated");
    old.hidden = !head.outdated;
    old.replaceChildren(t("outdated"), " ", draft.mayEdit ? el("button", { type: "button", class: "second small", id: "rebase", onclick: rebase }, t("rebase")) : "");
  }

  function drawSaved() {
    if (!locking.asked) return;
    const line = byId("saved");
    const n = outbox.entries.length;
    const state = outbox.state === "offline" || (outbox.state === "held" && n) ? outbox.state : n ? "sending" : "saved";
    line.dataset.state = state;
    line.textContent = state === "offline" && !n ? t("saved.idleOffline") : !draft.mayEdit && state === "saved" ? t("saved.readOnly") : t(`saved.${state}`, { n });
  }

  function drawTools() {
    const { chosen, mayEdit, head } = draft;
    const busy = drawing.what !== null;
    const can = { undo: mayEdit && (head.undo > 0 || outbox.entries.length > 0), redo: mayEdit && (head.redo > 0 || outbox.undone.length > 0),
      split: mayEdit && chosen.length === 1, merge: mayEdit && chosen.length > 1, piece: mayEdit && (chosen.length === 1 || chosen.length === 2) };
    for (const [id, on] of Object.entries(can)) /** @type {HTMLButtonElement} */ (byId(id)).disabled = !on || busy;
    byId("drawing").hidden = !busy;
    const hint = byId("hint");
    hint.textContent = busy ? t(drawing.what === "split" ? "hintSplit" : "hintPiece") : !mayEdit ? "" : !chosen.length ? t("hintChoose") : t("hintEdit");
    const far = mayEdit && chosen.length > 0 && map.getZoom() < EDIT_FROM_ZOOM && !busy;
    if (far) hint.textContent = "";
    byId("closer").hidden = !far;
    hint.hidden = !hint.textContent;
  }

  for (const name of ["head", "chosen", "units"]) draft.addEventListener(name, draw);
  outbox.addEventListener("state", () => { drawSaved(); drawTools(); });
  drawing.addEventListener("state", drawTools);
  map.on("zoomend", drawTools);
  return draw;
}
