/** Reporting an event of one's own: what, where, and that is all; a photo and words for whoever likes. */

import { byId, el } from "../dom.js";
import { base64, photoButton } from "./attach.js";
import { now } from "./clock.js";
import { hideMap, showChoice } from "./map.js";
import { enqueue } from "./queue.js";
import { get, put } from "./store.js";
import { language, t } from "./strings.js";
import { ownPlaces } from "./grid.js";

const POSITION = { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 };

/** @typedef {{id: string, zh: string, en: string, icon: string}} Kind */
/** @typedef {{kind: string, spot: [number, number] | null, accuracy: number | null, photo: Blob | null, urgent: boolean, where: string, isLocating: boolean, onMap: boolean}} Draft */

/** @type {Kind[]} */
let kinds = [];
/** @type {Draft} */
let draft = empty();
/** @type {Map<string, {told: HTMLElement, draft: Draft, words: string}>} */
const outcomes = new Map();

/** @returns {Draft} */
function empty() {
  return { kind: "", spot: null, accuracy: null, photo: null, urgent: false, where: "", isLocating: false, onMap: false };
}

/** Kinds are kept for when there is no network. */
export async function openReport() {
  kinds = (await get("facts", "kinds")) ?? [];
}

/** What there is to choose from, as the server has it now. */
async function fetchKinds() {
  try {
    const answer = await fetch("/api/worker/event-kinds");
    if (!answer.ok) return;
    const told = await answer.json();
    kinds = Array.isArray(told) ? told : told.kinds;
    await put("facts", "kinds", kinds);
  } catch { /* those of last time serve */ }
}

/** Begin: the place is looked for at once, for this event alone. @param {{draft: Draft, words: string}} [former] that was refused */
export async function showReport(former) {
  const view = byId("view-report");
  const mine = (draft = former?.draft ?? empty());
  if (kinds.length) void fetchKinds();
  else await kindsAtLast(view);
  if (draft !== mine || view.hidden) return; // they went elsewhere meanwhile, or began anew
  drawForm();
  if (former) refill(former);
  else locate();
}

/** On a bad network they come late: nobody has to leave the view and come back. @param {HTMLElement} view */
async function kindsAtLast(view) {
  view.replaceChildren(el("p", { class: "empty" }, t("loading")));
  while (!kinds.length && !view.hidden) {
    await Promise.race([fetchKinds(), seconds(8)]);
    if (kinds.length) return;
    view.replaceChildren(el("p", { class: "empty" }, t("noKinds")));
    await seconds(3);
  }
}

const seconds = (/** @type {number} */ n) => new Promise((done) => setTimeout(done, n * 1000));

/** What was given before. @param {{draft: Draft, words: string}} former */
function refill(former) {
  const chosen = document.querySelector(`.kind input[value="${CSS.escape(former.draft.kind)}"]`);
  if (chosen) /** @type {HTMLInputElement} */ (chosen).checked = true;
  /** @type {HTMLInputElement} */ (byId("words")).value = former.words;
  /** @type {HTMLInputElement} */ (byId("urgent")).checked = former.draft.urgent;
  if (former.draft.photo) byId("photo-note").textContent = t("photoHere");
  void chooseOnMap();
}

/** Leave it. */
export function leaveReport() {
  hideMap();
}

function drawForm() {
  const view = byId("view-report");
  view.replaceChildren(el("form", { class: "report", onsubmit: send },
    el("fieldset", {}, el("legend", {}, t("what")), el("div", { class: "kinds" }, ...kinds.map(choice))),
    el("fieldset", {}, el("legend", {}, t("where")),
      el("p", { id: "where", role: "status", class: "note" }, whereText()),
      el("button", { type: "button", class: "second", id: "on-map", onclick: chooseOnMap }, t("chooseOnMap")),
      el("div", { class: "map-place", id: "report-map", hidden: "" })),
    el("fieldset", {}, el("legend", {}, t("more")),
      el("div", { class: "attach" }, photoButton(t("photo"), takePhoto, () => fault(t("badPhoto"))), el("span", { id: "photo-note", class: "note" })),
      el("input", { id: "words", class: "words", maxlength: 300, placeholder: t("moreHint"), "aria-label": t("moreHint"), autocomplete: "off" }),
      el("label", { class: "tick" }, el("input", { type: "checkbox", id: "urgent", onchange: (/** @type {Event} */ event) => { draft.urgent = /** @type {HTMLInputElement} */ (event.target).checked; } }), t("urgent"))),
    el("p", { class: "fault", id: "report-fault", role: "alert" }),
    el("button", { type: "submit", class: "big", id: "report-send" }, t("send"))), ownEvents());
}

/** Where those that were reported, or given to oneself, are followed. */
const ownEvents = () => el("a", { class: "second own-events", href: language === "zh" ? "/events/mine" : "/events/mine?lang=en" }, t("ownEvents"));

/** @param {Kind} kind */
function choice(kind) {
  const input = el("input", { type: "radio", name: "kind", value: kind.id, onchange: () => { draft.kind = kind.id; fault(""); } });
  return el("label", { class: "kind" }, input, el("span", { class: "kind-icon", "aria-hidden": "true" }, kind.icon), el("span", {}, kind[language]));
}

/** @param {Blob} photo */
async function takePhoto(photo) {
  draft.photo = photo;
  byId("photo-note").textContent = t("photoHere");
}

function locate() {
  if (!navigator.geolocation) return;
  draft.isLocating = true;
  drawWhere();
  const asked = draft;
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    asked.isLocating = false;
    if (!asked.onMap) [asked.spot, asked.accuracy] = [[coords.latitude, coords.longitude], coords.accuracy];
    drawWhere();
  }, () => {
    asked.isLocating = false;
    drawWhere();
    if (asked === draft && !asked.spot) void chooseOnMap();
  }, POSITION);
}

function whereText() {
  if (draft.onMap) return t("onMap");
  if (draft.spot) return t("located", { n: Math.round(draft.accuracy ?? 0) });
  return draft.isLocating ? t("locating") : t("notLocated");
}

function drawWhere() {
  const there = document.getElementById("where");
  if (there) there.textContent = whereText();
  if (draft.spot) fault("");
}

async function chooseOnMap() {
  const there = document.getElementById("report-map");
  if (!there || !there.hidden) return;
  there.hidden = false;
  await showChoice(there, ownPlaces(), draft.spot, (spot) => {
    [draft.spot, draft.accuracy, draft.onMap] = [spot, null, true];
    drawWhere();
  });
}

/** @param {string} text */
function fault(text) {
  const there = document.getElementById("report-fault");
  if (there) there.textContent = text;
}

/** @param {Event} event */
async function send(event) {
  event.preventDefault();
  if (!draft.kind) return fault(t("sendNeedsKind"));
  if (!draft.spot) return fault(t("sendNeedsPlace"));
  const button = /** @type {HTMLButtonElement} */ (byId("report-send"));
  button.disabled = true; // a second tap is no second event
  const key = crypto.randomUUID();
  const body = {
    key, kind: draft.kind, lat: draft.spot[0], lon: draft.spot[1],
    happened_at: new Date(now()).toISOString(), urgent: draft.urgent,
    ...(draft.accuracy === null ? {} : { accuracy_m: Math.round(draft.accuracy) }),
    ...(words() ? { text: words() } : {}),
    ...(draft.photo ? { photo_base64: await base64(draft.photo) } : {}),
  };
  try {
    await enqueue("event", body, key);
  } catch {
    button.disabled = false;
    return fault(t("storageFull"));
  }
  drawKept(key);
}

const words = () => /** @type {HTMLInputElement} */ (byId("words")).value.trim();

/** @param {string} key */
function drawKept(key) {
  const told = el("p", { class: "reported", role: "status" }, t("reportKept"));
  outcomes.set(key, { told, draft, words: words() });
  hideMap();
  byId("view-report").replaceChildren(told, el("button", { type: "button", class: "big", onclick: () => showReport() }, t("another")), ownEvents());
}

/** What became of one. @param {string} key @param {import("./queue.js").Outcome} outcome */
export function reported(key, outcome) {
  const there = outcomes.get(key);
  if (!there) return;
  const told = outcome.told ?? {};
  const where = told.grid_name ?? told.place;
  const beside = (language === "zh" ? told.said_zh : told.said) ?? ""; // outside of all grids it is said where it went
  there.told.textContent = outcome.taken
    ? `✓ ${t("reported", { where: where ? `：${where}` : "" })}${beside ? ` · ${beside}` : ""}`
    : t("refused", { why: outcome.why ?? "" });
  if (!outcome.taken) {
    there.told.after(el("button", { type: "button", class: "big", onclick: () => showReport(there) }, t("mend")));
  }
}
