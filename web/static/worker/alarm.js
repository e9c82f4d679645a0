/** A new task is heard and felt: a recording of ours for red, two tones else, and the phone shakes. */

import { byId } from "../dom.js";
import { get, put } from "./store.js";
import { language, t } from "./strings.js";

const SPOKEN = new Audio(`/static/worker/red-${language}.wav`);
SPOKEN.preload = "none"; // it is among what the service worker keeps
const SHAKES = { red: [600, 200, 600, 200, 600, 200, 600], orange: [400, 200, 400], yellow: [300], blue: [200] };
const TIMES = 3;

/** @type {AudioContext | null} */
let tones = null;
let on = true;

/** What was chosen on this phone; a browser lets a page sound after it was touched once. */
export async function openAlarm() {
  on = (await get("facts", "sound")) !== false;
  show();
  byId("sound").addEventListener("click", toggle);
  addEventListener("pointerdown", unlock, { once: true });
}

function unlock() {
  tones ??= new AudioContext();
  void tones.resume();
}

async function toggle() {
  on = !on;
  show();
  unlock();
  if (on) beep(1);
  else hush();
  await put("facts", "sound", on);
}

function show() {
  byId("sound").setAttribute("aria-pressed", String(on));
  byId("sound").textContent = on ? t("soundOn") : t("soundOff");
}

/** @param {"red" | "orange" | "yellow" | "blue"} level */
export function alarm(level) {
  shake(SHAKES[level] ?? SHAKES.blue);
  if (!on) return;
  if (level === "red") void speak(TIMES);
  else beep(level === "orange" ? 3 : 1);
}

/** Somebody has seen it. */
export function hush() {
  SPOKEN.pause();
  globalThis.speechSynthesis?.cancel();
  shake(0);
}

/** Only a page that was touched may. @param {number | number[]} how */
function shake(how) {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(how);
}

/** @param {number} times */
async function speak(times) {
  let left = times;
  SPOKEN.onended = () => { if (--left > 0) void SPOKEN.play(); };
  SPOKEN.currentTime = 0;
  try {
    await SPOKEN.play();
  } catch {
    say(); // the recording does not play here: the phone's own voice, where it has one
  }
}

function say() {
  if (!globalThis.speechSynthesis) return beep(5);
  const words = new SpeechSynthesisUtterance(t("redSpoken"));
  words.lang = language === "zh" ? "zh-CN" : "en-US";
  speechSynthesis.speak(words);
}

/** @param {number} times */
function beep(times) {
  if (!tones || tones.state !== "running") return;
  const volume = tones.createGain();
  volume.gain.value = 0.4;
  volume.connect(tones.destination);
  for (let turn = 0; turn < times; turn++) {
    for (const [place, pitch] of [880, 660].entries()) {
      const tone = tones.createOscillator();
      const begin = tones.currentTime + turn * 0.5 + place * 0.2;
      tone.frequency.value = pitch;
      tone.connect(volume);
      tone.start(begin);
      tone.stop(begin + 0.18);
    }
  }
}
