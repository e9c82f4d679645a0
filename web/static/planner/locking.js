/** Who edits: taken when the page opens, kept while it is open, given back when it is left. */

import { ask, Refused } from "./server.js";
import { clock, t } from "./strings.js";

const LOOK_EVERY_MS = 20000;
const EDITABLE = new Set(["draft", "returned"]);

/** Events: `lost` (who has it now). */
export class Locking extends EventTarget {
  asked = false; // before, nobody knows whether it can be had
  #timer = 0;

  /** @param {string} base @param {import("./draft.js").Draft} draft */
  constructor(base, draft) {
    super();
    this.base = base;
    this.draft = draft;
    addEventListener("pagehide", () => this.release());
  }

  /** Takes or renews it; afterwards `draft.head.lock` says who has it. */
  async take() {
    clearTimeout(this.#timer);
    const first = !this.asked;
    this.asked = true;
    if (!EDITABLE.has(this.draft.head.state)) {
      if (first) this.draft.tell("head");
      return;
    }
    try {
      this.#has((await ask(`${this.base}/lock`, {})).lock);
    } catch (error) {
      if (error instanceof Refused) this.#has((await ask(this.base).catch(() => this.draft.head)).lock);
    }
    this.#timer = window.setTimeout(() => void this.#again(), this.#wait());
  }

  /** While it is mine it is renewed; while it is another's the page looks whether it is free. */
  async #again() {
    if (isOurs(this.draft)) {
      await this.take();
      return;
    }
    try {
      const head = await ask(this.base);
      this.draft.takeHead({ ...this.draft.head, lock: head.lock, state: head.state });
    } catch { /* it is looked for again */ }
    this.#timer = window.setTimeout(() => void this.#again(), LOOK_EVERY_MS);
  }

  /** Half of what is left of it, at most a few minutes. */
  #wait() {
    if (!isOurs(this.draft)) return LOOK_EVERY_MS;
    return Math.max(5000, Math.min(180000, (Date.parse(this.draft.head.lock.until) - Date.now()) / 2));
  }

  /** @param {any} lock */
  #has(lock) {
    const was = isOurs(this.draft);
    this.draft.takeHead({ ...this.draft.head, lock });
    if (was && lock && !isOurs(this.draft)) this.dispatchEvent(new CustomEvent("lost", { detail: lock }));
  }

  release() {
    if (isOurs(this.draft)) void ask(`${this.base}/unlock`, {}, { keepalive: true }).catch(() => {});
  }
}

/** Whether the lock is of who looks, and of this draft. @param {import("./draft.js").Draft} draft */
const isOurs = ({ head }) => Boolean(head?.lock?.mine) && head.lock.draft_id === head.id;

/** What the page says of it. @param {import("./draft.js").Draft} draft */
export function lockWords(draft) {
  const { lock, state } = draft.head;
  if (!EDITABLE.has(state) || !lock) return "";
  if (isOurs(draft)) return t("lockMine", { time: clock(lock.until) });
  return t(lock.mine ? "lockElsewhere" : "lockOther", { who: lock.held_by || t("somebody"), time: clock(lock.until) });
}
