/** The sound of a red incident: three calm pairs of tones, made here. It can be muted, and the browser remembers it. */

import { el } from "../dom.js";
import { t } from "../strings.js";

const KEPT = "shijing-sound";
const TONES = [[660, 0], [880, 0.28]]; // Hz, seconds after the beginning of a pair
const PAIRS = 3;
const EVERY_S = 0.9;

/** @type {AudioContext | null} */ let audio = null;
let muted = localStorage.getItem(KEPT) === "off";

const button = (/** @type {string} */ id) => el("button", { type: "button", class: "sound", id, onclick: () => void toggle() });
/** They say how it stands: one beside the queue, one on the stage. */
export const [soundButton, stageSound] = [button("sound"), button("stage-sound")];

/** A browser plays nothing before a person has touched the page. */
export function startSound() {
  audio = typeof AudioContext === "function" ? new AudioContext() : null;
  audio?.addEventListener("statechange", tell);
  // The buttons do it themselves: what this has begun to allow they would take back.
  addEventListener("pointerdown", ({ target }) => { if (!muted && !(target instanceof Element && target.closest(".sound"))) void audio?.resume(); });
  tell();
}

const allowed = () => audio?.state === "running";

async function toggle() {
  muted = allowed() && !muted;
  localStorage.setItem(KEPT, muted ? "off" : "on");
  if (!muted) await audio?.resume();
  tell();
}

function tell() {
  const state = muted ? "muted" : allowed() ? "on" : "blocked";
  for (const node of [soundButton, stageSound]) {
    node.dataset.state = state;
    node.textContent = t({ muted: "now.soundMuted", on: "now.soundMute", blocked: "now.soundOn" }[state]);
    node.setAttribute("aria-pressed", String(state === "on"));
  }
}

/** Sound once, where it may. */
export function ring() {
  if (!audio || muted || !allowed()) return;
  for (let pair = 0; pair < PAIRS; pair += 1) for (const [hertz, after] of TONES) tone(hertz, audio.currentTime + pair * EVERY_S + after);
  soundButton.dataset.rang = String(Number(soundButton.dataset.rang ?? 0) + 1);
}

/** @param {number} hertz @param {number} at */
function tone(hertz, at) {
  if (!audio) return;
  const [wave, volume] = [audio.createOscillator(), audio.createGain()];
  wave.frequency.value = hertz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.4, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, at + 0.26);
  wave.connect(volume).connect(audio.destination);
  wave.start(at);
  wave.stop(at + 0.28);
}
