/** The card of one thing: what is told of it, and what a camera sees. */

import { said, say } from "../address.js";
import { byId, el } from "../dom.js";
import { language, t } from "../strings.js";
import { icon } from "./kinds.js";

/**
 * @typedef {{key: string, zh: string, en: string, value_zh: string, value_en: string}} Attribute
 * @typedef {{id: number, kind: string, kind_zh: string, kind_en: string, name: string, path: string[], attributes: Attribute[],
 *   media: string[], cameras_on: boolean, source: string, licence: string}} Thing
 */

const EVERY_MS = 3_000; // from one picture to the next
const RETRY_MS = 10_000;
const CALLED = /^[+\d][\d -]{4,20}$/;

/** @type {Thing | null} */ let thing = null;
let picture = 0; // the timer of the next one

/** Read the thing that the address names. */
export async function readThing() {
  const number = said("thing");
  if (!/^\d+$/.test(number)) thing = null;
  else if (String(thing?.id) !== number) {
    const answer = await fetch(`/api/scene/things/${number}`).catch(() => null);
    if (number !== said("thing")) return;
    thing = answer?.ok ? await answer.json() : null;
  }
}

/** Whether a thing has the place of the card. */
export const isThingShown = () => thing !== null && said("thing") !== "";

/** Draw its card; false where there is none. */
export function drawThing() {
  clearTimeout(picture);
  if (!isThingShown() || thing === null) return false;
  const place = byId("division-card");
  place.hidden = false;
  place.classList.remove("folded");
  place.replaceChildren(head(thing), el("div", { class: "scene-body" }, camera(thing), facts(thing)), foot(thing));
  return true;
}

/** @param {Thing} thing */
function head(thing) {
  const away = () => say({ thing: null });
  return el("header", {},
    el("button", { type: "button", class: "close", onclick: away, "aria-label": t("scene.back") }, "‹"),
    el("h2", {}, icon(thing.kind), thing.name,
      el("small", {}, [thing[language === "zh" ? "kind_zh" : "kind_en"], ...thing.path.slice(-2)].join(" · "))),
    el("button", { type: "button", class: "close", onclick: away, "aria-label": t("close") }, "×"));
}

/** @param {Thing} thing */
function facts({ attributes }) {
  return el("dl", { class: "scene-facts" }, ...attributes.flatMap((one) => {
    const value = language === "zh" ? one.value_zh : one.value_en;
    const shown = one.key === "phone" && CALLED.test(value) ? el("a", { href: `tel:${value.replace(/[ -]/g, "")}` }, value) : value;
    return [el("dt", {}, language === "zh" ? one.zh : one.en), el("dd", {}, shown)];
  }));
}

/** @param {Thing} thing */
function camera(thing) {
  if (thing.kind !== "camera") return null;
  if (!thing.cameras_on) return el("p", { class: "scene-note" }, t("scene.camera.off"));
  const to = (/** @type {string} */ what, /** @type {string} */ words) => el("a", {
    class: "scene-link", target: "_blank", rel: "noopener", href: `/scene/${thing.id}/${what}${language === "en" ? "?lang=en" : ""}` }, words);
  return el("div", { class: "scene-camera" },
    thing.media.includes("snapshot") ? snapshot(thing) : el("p", { class: "scene-note" }, t("scene.camera.none")),
    el("p", { class: "scene-links" },
      thing.media.includes("hls") && to("live", t("scene.camera.live")),
      thing.media.includes("webrtc") && to("webrtc", t("scene.camera.webrtc")),
      thing.media.includes("panorama") && to("panorama", t("scene.camera.panorama"))));
}

/** A picture every few seconds, for as long as somebody can see it. @param {Thing} thing */
function snapshot(thing) {
  const told = el("figcaption", {}, t("scene.camera.waiting"));
  const image = /** @type {HTMLImageElement} */ (el("img", { alt: thing.name }));
  const next = (/** @type {number} */ ms) => { picture = setTimeout(ask, ms); };
  const ask = () => {
    if (!image.isConnected && image.src) return;
    if (document.hidden) next(EVERY_MS);
    else image.src = `/api/scene/things/${thing.id}/snapshot?n=${Date.now()}`;
  };
  image.addEventListener("load", () => { told.textContent = ""; image.dataset.seen = String(Number(image.dataset.seen ?? 0) + 1); next(EVERY_MS); });
  image.addEventListener("error", () => { told.textContent = t("scene.camera.failed"); next(RETRY_MS); });
  ask();
  return el("figure", {}, image, told);
}

/** @param {Thing} thing */
function foot(thing) {
  return el("footer", {}, el("span", {}, t("scene.source", { source: [thing.source, thing.licence].filter(Boolean).join(" · ") })));
}
