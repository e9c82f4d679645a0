/** A camera's video (HLS), or its panorama, on a page of its own. */

import { byId, el } from "../dom.js";
import { t } from "../strings.js";
import "./strings.js";

const view = byId("view");
const base = `/api/scene/things/${view.dataset.thing}`;
const say = (/** @type {string} */ key) => { byId("told").textContent = key && t(key); };

if (view.dataset.what === "live") void live();
else panorama();

async function live() {
  const { default: Hls } = await import("/vendor/hls/hls.js");
  const video = /** @type {HTMLVideoElement} */ (el("video", { autoplay: "", muted: "", playsinline: "", controls: "" }));
  video.muted = true;
  view.replaceChildren(video);
  if (!Hls.isSupported()) { say("scene.camera.noVideo"); return; }
  const player = new Hls({ enableWorker: false }); // a worker would need more of the page's policy
  player.on(Hls.Events.ERROR, (/** @type {unknown} */ _, /** @type {{fatal: boolean}} */ { fatal }) => { if (fatal) say("scene.camera.noVideo"); });
  player.on(Hls.Events.FRAG_LOADED, () => { say(""); view.dataset.loaded = "true"; });
  player.loadSource(`${base}/hls/index.m3u8`);
  player.attachMedia(video);
}

function panorama() {
  const { pannellum } = /** @type {any} */ (globalThis);
  const place = el("div", { class: "panorama" });
  view.replaceChildren(place);
  const viewer = pannellum.viewer(place, { type: "equirectangular", panorama: `${base}/panorama`, autoLoad: true, showControls: false });
  viewer.on("load", () => { view.dataset.loaded = "true"; });
  viewer.on("error", () => say("scene.camera.noPanorama"));
}
