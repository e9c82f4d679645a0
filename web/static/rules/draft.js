/** What the page knows: the rules in force, and the draft that is made of them. */

import { get, post } from "./server.js";

/** @typedef {{ file: string, line: number, reason: string, mend: string }} Fault */
/** @typedef {{ file: string, change: string, lines: string[] }} FileDiff */

const CHECK_AFTER_MS = 350; // of quiet at the keyboard

export const state = {
  /** @type {any} the answer of /api/rules */
  known: null,
  base: 0,
  /** @type {Map<string, string | null>} file → its text in the draft; null: taken out */
  changes: new Map(),
  /** @type {Fault[]} */
  faults: [],
  /** @type {FileDiff[]} */
  diff: [],
  /** @type {Map<string, any>} changed rules in words, by file */
  said: new Map(),
  checking: false,
  now: 0, // the set in force, as the last check told
  selected: "",
  tab: "edit",
};

/** @type {Set<(what: string) => void>} */
const listeners = new Set();

/** @param {(what: string) => void} listener told "known", "draft", "checked" or "selected" */
export const listen = (listener) => listeners.add(listener);

/** @param {string} what */
export const tell = (what) => listeners.forEach((listener) => listener(what));

/** Read the rules in force; the draft stays. */
export async function readKnown() {
  state.known = await get("");
  state.now = state.known.set.id;
  if (state.changes.size === 0) state.base = state.now;
  tell("known");
}

/** The draft as the server takes it. */
export const draft = () => ({ base: state.base, changes: Object.fromEntries(state.changes) });

/** @param {string} file its text in the draft, null where it is taken out */
export const textOf = (file) => (state.changes.has(file) ? state.changes.get(file) : state.known.files[file]) ?? null;

/** Every file of the rules in force and of the draft. */
export const files = () => [...new Set([...Object.keys(state.known.files), ...state.changes.keys()])];

/** @param {string} file the rule in words: of the draft where it is sound, else of what is in force */
export const ruleOf = (file) =>
  state.said.get(file) ?? state.known.rules.find((/** @type {any} */ rule) => rule.file === file) ?? null;

/** @param {string} file @param {string | null} text */
export function change(file, text) {
  if (text === (state.known.files[file] ?? null)) state.changes.delete(file);
  else state.changes.set(file, text);
  tell("draft");
  checkSoon();
}

/** Forget the draft. */
export function discard() {
  state.changes.clear();
  state.base = state.now;
  Object.assign(state, { faults: [], diff: [], said: new Map() });
  tell("checked");
}

/** Make the draft one of the rules that are in force now. */
export async function rebase() {
  state.base = state.now;
  await readKnown();
  for (const [file, text] of state.changes) if (text === (state.known.files[file] ?? null)) state.changes.delete(file);
  checkSoon();
}

let timer = 0;
let asked = 0;

function checkSoon() {
  clearTimeout(timer);
  state.checking = true;
  timer = window.setTimeout(() => void check(), CHECK_AFTER_MS);
}

/** Ask the server what it thinks of the draft; an answer that was overtaken is dropped. */
async function check() {
  const mine = ++asked;
  if (state.changes.size === 0) {
    state.checking = false;
    discard();
    return;
  }
  try {
    const told = await post("/check", draft());
    if (mine !== asked) return;
    const said = told.rules.map((/** @type {any} */ rule) => [rule.file, rule]);
    Object.assign(state, { faults: told.faults, diff: told.diff, now: told.now, said: new Map(said) });
  } catch (error) {
    if (mine !== asked) return;
    state.faults = [{ file: "", line: 0, reason: String(/** @type {Error} */ (error).message), mend: "" }];
  }
  state.checking = false;
  tell("checked");
}
