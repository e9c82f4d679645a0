/** The desk: which screens are on, and sending them what this one shows. */

import { said, say, whenSaid } from "../address.js";
import { byId, el } from "../dom.js";
import { csrf } from "../session.js";
import { t } from "../strings.js";
import { PARTS, partsShown } from "./parts.js";
import { FOLLOWED } from "./presence.js";

/** @typedef {{id: number, name: string, address: string, seen_at: string}} Screen */

const PAUSE_MS = 700; // between two orders to screens that follow

/** @type {Set<number>} */ const following = new Set();
/** @type {Screen[] | null} */ let screens = null; // null: this account drives none
let pause = 0;

/** The panel behind a button of the bar. */
export function startDesk() {
  const panel = el("div", { class: "desk-panel" });
  const details = el("details", { class: "desk" }, el("summary", {}, t("manners.screens")), panel);
  details.addEventListener("toggle", () => { if (/** @type {HTMLDetailsElement} */ (details).open) void open(panel); });
  byId("manners").append(details);
  whenSaid([...FOLLOWED], () => {
    clearTimeout(pause);
    if (following.size) pause = setTimeout(sendToFollowers, PAUSE_MS);
  });
}

/** @param {HTMLElement} panel */
async function open(panel) {
  const answer = await fetch("/api/screens").catch(() => null);
  screens = answer?.ok ? (await answer.json()).screens : null;
  draw(panel);
}

/** @param {HTMLElement} panel */
function draw(panel) {
  panel.replaceChildren(ownName(), ownParts(), screens !== null && others(screens));
}

function ownName() {
  const field = /** @type {HTMLInputElement} */ (el("input", { maxlength: 40, value: said("screen"), "aria-label": t("manners.thisScreen") }));
  return el("form", { class: "desk-own", onsubmit: (/** @type {Event} */ event) => { event.preventDefault(); say({ screen: field.value.trim() || null }, { quiet: true }); } },
    el("label", {}, t("manners.thisScreen")), field, el("button", { type: "submit" }, t("manners.named")), el("small", {}, t("manners.nameNote")));
}

function ownParts() {
  const shown = partsShown();
  const toggle = (/** @type {string} */ part, /** @type {boolean} */ on) => {
    const next = PARTS.filter((one) => (one === part ? on : shown.includes(one)));
    say({ parts: next.length === PARTS.length || !next.length ? null : next.join(",") }, { quiet: true });
    const panel = document.querySelector(".desk-panel");
    if (panel) draw(/** @type {HTMLElement} */ (panel));
  };
  return el("fieldset", { class: "desk-parts" }, el("legend", {}, t("manners.thisParts")),
    ...PARTS.map((part) => el("label", {},
      el("input", { type: "checkbox", checked: shown.includes(part) ? "" : null, onchange: (/** @type {Event} */ event) => toggle(part, /** @type {HTMLInputElement} */ (event.target).checked) }),
      t(`manners.part.${part}`))));
}

/** @param {Screen[]} known */
function others(known) {
  const mine = said("screen");
  const rows = known.filter(({ name }) => name !== mine).map(row);
  return el("section", { class: "desk-screens" }, el("h3", {}, t("manners.others")),
    rows.length ? el("ul", {}, ...rows) : el("p", { class: "quiet" }, t("manners.none")));
}

/** @param {Screen} screen */
function row(screen) {
  const told = el("small", { role: "status" });
  const say_ = async () => { told.textContent = await send(screen.id); };
  return el("li", {}, el("b", {}, screen.name), el("button", { type: "button", onclick: say_ }, t("manners.send")),
    el("label", {}, el("input", {
      type: "checkbox", checked: following.has(screen.id) ? "" : null,
      onchange: (/** @type {Event} */ event) => {
        if (/** @type {HTMLInputElement} */ (event.target).checked) { following.add(screen.id); void say_(); } else following.delete(screen.id);
      },
    }), t("manners.follow")), told);
}

function sendToFollowers() {
  for (const id of following) void send(id);
}

/** What this desk shows, without its own name, language, parts and theme. @param {number} screen @returns {Promise<string>} what came of it */
async function send(screen) {
  const asked = new URLSearchParams();
  for (const key of FOLLOWED) if (key !== "parts" && key !== "theme" && said(key)) asked.set(key, said(key));
  const answer = await fetch("/api/screens/show", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() },
    body: JSON.stringify({ screen, address: asked.toString() }),
  }).catch(() => null);
  if (answer?.ok) return t("manners.sent");
  following.delete(screen);
  return t("manners.failed", { why: answer === null ? "—" : (await answer.json().catch(() => ({ error: answer.status }))).error });
}
