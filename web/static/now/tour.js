/**
 * The tour of a quiet day: district after district, with what is there, until the first alert or the first hand.
 *
 * It begins by itself after some minutes without an open alert and without a hand, or by its button.
 */

import { said, say } from "../address.js";
import { byId, el } from "../dom.js";
import { store, when } from "../store.js";
import { t } from "../strings.js";
import { fetched } from "./told.js";
import { tourButton } from "./tour_button.js";
import { tourCard } from "./tour_card.js";

/** @typedef {{id: number, name: string, code: string | null}} Place */
/** @typedef {{id: number, sensors: number, silent: number, last: Array<{id: number, name: string, quantity: string, unit: string, time: string | null, value: number | null}>, duty: Array<{zh: string, en: string, people: number}>}} Stop */

const QUIET_MS = 5 * 60_000;
const STOP_MS = 20_000;
const HANDS = ["pointerdown", "keydown", "wheel", "touchstart"];

const card = el("aside", { class: "tour", id: "tour", hidden: "" });
/** @type {Place[]} */ let places = [];
let at = -1; // none: no tour
let timer = 0;
let before = ""; // the division in view when it began
let quietSince = 0;

/** Wait for a quiet time. */
export function startTour() {
  byId("incident-stage").after(card);
  quietSince = performance.now();
  for (const kind of HANDS) addEventListener(kind, hand, { passive: true, capture: true });
  tourButton.addEventListener("click", () => (at < 0 ? void begin() : end()));
  when("board", () => { if (disturbed()) { quietSince = performance.now(); if (at >= 0) end(true); } });
  setInterval(() => { if (at < 0 && performance.now() - quietSince > QUIET_MS && store.link === "live" && !disturbed()) void begin(); }, 1_000);
  label();
}

/** There is something else to look at, or nothing is known. */
const disturbed = () => store.board === null || store.board.alerts.length > 0 || said("at") !== "" || said("incident") !== "";

/** @param {Event} event */
function hand(event) {
  quietSince = performance.now();
  if (at >= 0 && !tourButton.contains(/** @type {Node} */ (event.target))) end();
}

async function begin() {
  quietSince = performance.now();
  places = (await fetched("/api/now/tour"))?.places ?? [];
  if (!places.length || disturbed()) return;
  before = said("in");
  at = 0;
  label();
  void go();
}

async function go() {
  const place = places[at];
  timer = window.setTimeout(() => { at = (at + 1) % places.length; void go(); }, STOP_MS);
  say({ in: place.id }, { quiet: true });
  const stop = /** @type {Stop | null} */ (await fetched(`/api/now/tour/${place.id}`));
  if (places[at] !== place) return;
  card.replaceChildren(...tourCard(place, stop, at + 1, places.length));
  card.hidden = false;
}

/** A hand leaves the view where it is; an alert needs all of it. @param {boolean} [back] */
function end(back = false) {
  clearTimeout(timer);
  at = -1;
  places = [];
  card.hidden = true;
  quietSince = performance.now();
  if (back) say({ in: before || null }, { quiet: true });
  label();
}

function label() {
  tourButton.textContent = t(at < 0 ? "now.tour" : "now.tourStop");
  tourButton.setAttribute("aria-pressed", String(at >= 0));
}
