/** The draft as this page knows it: what the server keeps, and the same with the steps that it has not answered yet. */

import { applied, SERVER_ONLY, touchedBy } from "./applying.js";

/**
 * @typedef {import("./applying.js").Unit} Unit
 * @typedef {import("./applying.js").Step} Step
 *
 * Events: `head`, `units` (detail: keys that differ now), `findings`, `chosen`.
 */
export class Draft extends EventTarget {
  /** @type {any} */ head = null;
  /** @type {Map<string, Unit>} what the server keeps */ kept = new Map();
  /** @type {Map<string, Unit>} what is shown */ shown = new Map();
  /** @type {Unit[]} */ parents = [];
  /** @type {Unit[]} around the draft, not of it */ neighbours = [];
  /** @type {any[]} */ findings = [];
  /** @type {string[]} keys, the first one chosen first */ chosen = [];
  /** @type {Set<string>} units that wait for what the server makes of a step */ waiting = new Set();

  /** @param {string} name @param {any} [detail] */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** @param {any} head */
  takeHead(head) {
    this.head = head;
    this.tell("head");
  }

  /** All of it, as it was read. @param {any} whole @param {Step[]} pending */
  takeAll(whole, pending) {
    this.head.revision = whole.revision;
    this.parents = whole.parents.features;
    this.neighbours = whole.neighbours.features;
    this.kept = new Map(whole.units.features.map((/** @type {any} */ one) => [one.id, one]));
    this.show(pending);
  }

  /** What an answer to steps, undo, redo or a mend says. @param {any} answer @param {Step[]} pending */
  takeAnswer(answer, pending) {
    Object.assign(this.head, { revision: answer.revision, undo: answer.undo, redo: answer.redo });
    for (const one of answer.changed.features) this.kept.set(one.id, one);
    for (const key of answer.gone) this.kept.delete(key);
    this.takeFindings(answer.findings);
    this.show(pending);
    this.tell("head");
  }

  /** @param {any[]} findings */
  takeFindings(findings) {
    const rank = (/** @type {any} */ one) => (one.severity === "error" ? 0 : 1);
    this.findings = [...findings].sort((a, b) => rank(a) - rank(b) || a.kind.localeCompare(b.kind) || b.size - a.size);
    this.tell("findings");
  }

  /** @param {Step[]} pending */
  show(pending) {
    const next = new Map(this.kept);
    this.waiting = new Set();
    for (const step of pending) {
      if (SERVER_ONLY.has(step.kind)) for (const key of touchedBy(next, step)) this.waiting.add(key);
      for (const [key, unit] of applied(next, step)) {
        if (unit) next.set(key, unit);
        else next.delete(key);
      }
    }
    const keys = [...next.keys()].filter((key) => next.get(key) !== this.shown.get(key));
    const gone = [...this.shown.keys()].filter((key) => !next.has(key));
    this.shown = next;
    if (this.chosen.some((key) => !next.has(key))) this.choose(this.chosen.filter((key) => next.has(key)));
    if (keys.length || gone.length) this.tell("units", { keys, gone });
  }

  /** @param {string[]} keys */
  choose(keys) {
    this.chosen = [...new Set(keys)].filter((key) => this.shown.has(key));
    this.tell("chosen");
  }

  /** @param {string} key */
  toggle(key) {
    this.choose(this.chosen.includes(key) ? this.chosen.filter((one) => one !== key) : [...this.chosen, key]);
  }

  /** @returns {Unit[]} */
  get chosenUnits() {
    return this.chosen.map((key) => /** @type {Unit} */ (this.shown.get(key)));
  }

  /** Whether this page may change it now. */
  get mayEdit() {
    return Boolean(this.head?.editable && this.head.lock?.mine) && this.head.lock.draft_id === this.head.id;
  }
}
