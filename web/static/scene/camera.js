/** A camera's video (HLS), or its panorama, on a page of its own. */

import { byId, el } from "../dom.js";
import { csrf } from "../session.js";
import { t } from "../strings.js";
import "./strings.js";

const view = byId("view");
const base = `/api/scene/things/${view.dataset.thing}`;
const say = (/** @type {string} */ key) => { byId("told").textContent = key && t(key); };

if (view.dataset.what === "live") void live();
else if (view.dataset.what === "webrtc") void webrtc();
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

/** The offer goes by our server, which alone may ask the camera; the video comes straight from it. */
async function webrtc() {
  const video = /** @type {HTMLVideoElement} */ (el("video", { autoplay: "", playsinline: "", controls: "" }));
  video.muted = true;
  view.replaceChildren(video);
  const peer = new RTCPeerConnection();
  peer.addTransceiver("video", { direction: "recvonly" });
  peer.addTransceiver("audio", { direction: "recvonly" });
  peer.addEventListener("track", ({ streams: [stream] }) => { video.srcObject = stream; });
  peer.addEventListener("connectionstatechange", () => say(peer.connectionState === "failed" ? "scene.camera.noVideo" : ""));
  await peer.setLocalDescription(await peer.createOffer());
  await gathered(peer);
  const answer = await fetch(`${base}/whep`, { method: "POST", headers: { "Content-Type": "application/json", "X-CSRF-Token": csrf() }, body: JSON.stringify({ sdp: peer.localDescription?.sdp }) }).catch(() => null);
  if (!answer?.ok) { say("scene.camera.noVideo"); return; }
  await peer.setRemoteDescription({ type: "answer", sdp: (await answer.json()).sdp }).then(() => { view.dataset.loaded = "true"; }, () => say("scene.camera.noVideo"));
}

/** All ways to this browser are in the offer, as the camera is asked once. @param {RTCPeerConnection} peer */
const gathered = (peer) => new Promise((done) => {
  setTimeout(done, 2_000);
  peer.addEventListener("icegatheringstatechange", () => { if (peer.iceGatheringState === "complete") done(null); });
});

function panorama() {
  const { pannellum } = /** @type {any} */ (globalThis);
  const place = el("div", { class: "panorama" });
  view.replaceChildren(place);
  const viewer = pannellum.viewer(place, { type: "equirectangular", panorama: `${base}/panorama`, autoLoad: true, showControls: false });
  viewer.on("load", () => { view.dataset.loaded = "true"; });
  viewer.on("error", () => say("scene.camera.noPanorama"));
}
