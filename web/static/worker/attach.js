/** A photo or a voice note, for whoever wants to add one. Nothing asks for them. */

import { el } from "../dom.js";
import { enqueue } from "./queue.js";
import { t } from "./strings.js";

const LONGEST_PX = 1280;
const QUALITY = 0.72;
const SPEECH_S = 60;
const VOICES = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/** @type {Map<string, number>} */
const counts = new Map();

/** Two buttons and what was added. @param {string} answerKey of the answer that it belongs to */
export function attachTools(answerKey) {
  const count = el("p", { class: "note", role: "status" }, told(answerKey));
  const added = () => {
    counts.set(answerKey, (counts.get(answerKey) ?? 0) + 1);
    count.textContent = told(answerKey);
  };
  /** @param {string} text */
  const failed = (text) => { count.textContent = text; };
  return el("div", { class: "attach" },
    photoButton(t("photo"), async (photo) => { await add(answerKey, "photo", photo); added(); }, () => failed(t("badPhoto"))),
    voiceButton(async (voice) => { await add(answerKey, "voice", voice); added(); }, () => failed(t("noMicrophone"))),
    count);
}

/** @param {string} key */
const told = (key) => (counts.has(key) ? t("attached", { n: counts.get(key) ?? 0 }) : t("optional"));

/** @param {string} answerKey @param {"photo" | "voice"} kind @param {Blob} content */
async function add(answerKey, kind, content) {
  const id = crypto.randomUUID();
  const body = { id, answer_key: answerKey, kind, media_type: content.type, content_base64: await base64(content) };
  await enqueue("attachment", body, id);
}

/**
 * A button that takes a picture; what comes of it is small, and knows no place.
 * @param {string} word @param {(photo: Blob) => Promise<void>} taken @param {() => void} failed
 */
export function photoButton(word, taken, failed) {
  const input = /** @type {HTMLInputElement} */ (el("input", {
    type: "file", accept: "image/*", capture: "environment", class: "hidden-input", "aria-label": word,
    onchange: async () => {
      const file = input.files?.[0];
      input.value = "";
      if (file) await smaller(file).then(taken).catch(failed);
    },
  }));
  return el("label", { class: "second file" }, word, input);
}

/** Drawn anew: smaller, and without what a camera writes into it. @param {File} file @returns {Promise<Blob>} */
async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = new OffscreenCanvas(Math.round(picture.width * scale), Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
}

/** @param {(voice: Blob) => Promise<void>} taken @param {() => void} failed */
function voiceButton(taken, failed) {
  /** @type {MediaRecorder | null} */
  let recorder = null;
  const button = el("button", { type: "button", class: "second", onclick: () => {
    if (recorder) return recorder.stop();
    void record().catch(failed);
  } }, t("voice"));

  async function record() {
    const sound = await navigator.mediaDevices.getUserMedia({ audio: true });
    const recording = (recorder = new MediaRecorder(sound, { mimeType: VOICES.find((one) => MediaRecorder.isTypeSupported(one)), audioBitsPerSecond: 24_000 }));
    /** @type {Blob[]} */
    const pieces = [];
    let seconds = 0;
    const ticking = setInterval(() => {
      button.textContent = t("voiceStop", { n: ++seconds });
      if (seconds >= SPEECH_S) recording.stop();
    }, 1000);
    button.textContent = t("voiceStop", { n: 0 });
    recording.ondataavailable = (event) => pieces.push(event.data);
    recording.onstop = () => {
      clearInterval(ticking);
      for (const track of sound.getTracks()) track.stop();
      recorder = null;
      button.textContent = t("voice");
      void taken(new Blob(pieces, { type: recording.mimeType })).catch(failed);
    };
    recording.start();
  }
  return button;
}

/** @param {Blob} content @returns {Promise<string>} */
export async function base64(content) {
  const bytes = new Uint8Array(await content.arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
