/** Steps on their way to the server: kept on this machine until it has them, sent in order, each taken once by its id. */

import { ask, newKey, Refused, Unreached } from "./server.js";

/** @typedef {import("./applying.js").Step} Step  @typedef {{ id: string, step: Step }} Entry */

const AT_ONCE = 20; // steps in one request
const AGAIN_MS = [1000, 2000, 4000, 8000, 15000];

/** Events: `state` (saved, sending, offline changed), `taken` (answer), `refused` ({entry, error}), `moved` (another revision), `stopped` (nothing is taken now: the error). */
export class Outbox extends EventTarget {
  /** @type {Entry[]} */ entries = [];
  /** @type {Entry[]} undone before they were sent */ undone = [];
  /** @type {"saved" | "sending" | "offline" | "held"} */ state = "saved";
  #busy = false;
  #running = Promise.resolve();
  #acts = Promise.resolve();
  #tries = 0;
  #timer = 0;
  #atOnce = AT_ONCE;

  /** @param {string} base address of the draft @param {string} key under which it is kept here @param {() => number} revision */
  constructor(base, key, revision) {
    super();
    this.base = base;
    this.key = key;
    this.revision = revision;
    this.entries = JSON.parse(localStorage.getItem(key) ?? "[]");
    addEventListener("online", () => void this.flush());
  }

  /** @returns {Step[]} */
  get steps() {
    return this.entries.map((one) => one.step);
  }

  /** @param {Step} step */
  push(step) {
    this.entries.push({ id: newKey(), step });
    this.undone = [];
    this.#keep();
    void this.flush();
  }

  /** Takes back the newest step that was not sent; false where there is none. */
  undo() {
    const last = this.#busy ? undefined : this.entries.pop();
    if (!last) return false;
    this.undone.push(last);
    this.#keep();
    return true;
  }

  redo() {
    const last = this.undone.pop();
    if (!last) return false;
    this.entries.push(last);
    this.#keep();
    void this.flush();
    return true;
  }

  /** Sends what waits; ends when all is sent, or the server does not answer. */
  flush() {
    if (!this.#busy) this.#running = this.#alone(() => this.#sendAll());
    return this.#running;
  }

  /** An act that is no step (undo, redo, a mend): after all steps and acts before it, and never kept. @param {string} path @param {object} body */
  act(path, body) {
    const mine = this.#acts.then(() => this.#act(path, body));
    this.#acts = mine.catch(() => {});
    return mine;
  }

  /** @param {() => Promise<void>} work one request at a time: each names the revision that the one before came to */
  async #alone(work) {
    clearTimeout(this.#timer);
    this.#busy = true;
    try {
      await work();
    } finally {
      this.#busy = false;
    }
  }

  async #sendAll() {
    while (this.entries.length && await this.#send(this.entries.slice(0, this.#atOnce))) this.#tries = 0;
  }

  /** @param {string} path @param {object} body */
  async #act(path, body) {
    while (this.entries.length || this.#busy) {
      await this.flush();
      if (this.entries.length && this.state === "offline") throw new Unreached("");
      if (this.entries.length && !this.#busy) break; // what is left is not taken now
    }
    await (this.#running = this.#alone(async () => this.#ask(path, body)));
    void this.flush();
  }

  /** @param {string} path @param {object} body */
  async #ask(path, body) {
    try {
      const answer = await ask(`${this.base}${path}`, { revision: this.revision(), ...body });
      this.#is("saved");
      this.#tell("taken", answer);
    } catch (error) {
      if (!(error instanceof Refused && error.status === 409 && error.body.revision !== undefined)) throw error;
      await this.#untilRead(error.body);
    }
  }

  /** @param {Entry[]} batch @returns {Promise<boolean>} whether to go on */
  async #send(batch) {
    this.#is(this.state === "offline" ? "offline" : "sending");
    try {
      const answer = await ask(`${this.base}/steps`, { revision: this.revision(), steps: batch });
      const taken = new Set(answer.taken);
      this.entries = this.entries.filter((one) => !taken.has(one.id) && !batch.includes(one));
      this.#keep();
      this.#is(this.entries.length ? "sending" : "saved");
      this.#tell("taken", answer);
      return true;
    } catch (error) {
      if (error instanceof Refused) return this.#refused(error, batch);
      if (!(error instanceof Unreached)) throw error;
      return this.#later();
    }
  }

  /** The server does not answer: it is tried again, ever more seldom. */
  #later() {
    this.#is("offline");
    this.#timer = window.setTimeout(() => void this.flush(), AGAIN_MS[Math.min(this.#tries, AGAIN_MS.length - 1)]);
    this.#tries += 1;
    return false;
  }

  /** @param {Refused} error @param {Entry[]} batch @returns {boolean | Promise<boolean>} */
  #refused(error, batch) {
    if (error.status === 409 && error.body.revision !== undefined) return this.#untilRead(error.body);
    if (error.status === 409 || error.status === 423 || error.status === 403) {
      this.#is("held"); // until the page has the lock again, or the draft is open again
      this.#tell("stopped", error);
      return false;
    }
    const named = batch.find((one) => one.id === error.body.step);
    if (!named && batch.length > 1) { // which of them it was shows when they are sent one by one
      this.#atOnce = 1;
      return true;
    }
    this.#atOnce = AT_ONCE;
    const entry = named ?? batch[0];
    this.entries = this.entries.filter((one) => one !== entry);
    this.#keep();
    this.#is(this.entries.length ? "sending" : "saved");
    this.#tell("refused", { entry, error });
    return true;
  }

  /** The draft is read again before anything else is sent. @param {any} body */
  async #untilRead(body) {
    /** @type {Promise<boolean> | undefined} */ let done;
    this.#tell("moved", { ...body, wait: (/** @type {Promise<boolean>} */ one) => { done = one; } });
    return (await done) || this.#later();
  }

  #keep() {
    if (this.entries.length) localStorage.setItem(this.key, JSON.stringify(this.entries));
    else localStorage.removeItem(this.key);
    this.#tell("state");
  }

  /** @param {"saved" | "sending" | "offline" | "held"} state */
  #is(state) {
    const was = this.state;
    this.state = state;
    if (was !== state) this.#tell("state", { was });
  }

  /** @param {string} name @param {any} [detail] */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
