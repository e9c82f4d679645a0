/** What a commander does with a run: each act a dialog of its own, and one request. */

import { el } from "../dom.js";
import { LEVELS, rank } from "../levels.js";
import { askFor, field, select } from "./dialog.js";
import { ask, newKey, send } from "./server.js";
import { language, t, word } from "./strings.js";

/** @param {any} run @param {string} rest */
const path = (run, rest) => `/api/runs/${run.id}/${rest}`;

/** @param {any} run @param {() => void} after */
export const confirmRun = (run, after) => askFor({
  title: t("do.confirm"), note: `${run.name}：${t("confirmNote")}`,
  act: async () => { await send(path(run, "confirm"), {}); after(); },
});

/** @param {any} run @param {() => void} after */
export const declineRun = (run, after) => askFor({
  title: t("do.decline"), note: run.name, reasons: "decline", danger: true,
  act: async ({ reason }) => { await send(path(run, "decline"), { reason }); after(); },
});

/** @param {any} run @param {boolean} up @param {() => void} after */
export function levelRun(run, up, after) {
  const there = LEVELS.filter((level) => (up ? rank(level) < rank(run.level) : rank(level) > rank(run.level)));
  const choices = (up ? [...there].reverse() : there).map((level) => /** @type {[string, string]} */ ([level, `${word("level", level)} ${word("response", level)}`]));
  askFor({
    title: t(up ? "do.raise" : "do.lower"), fields: [field("level", t("toLevel"), select(choices))], reasons: "level",
    act: async ({ level, reason }) => { await send(path(run, "level"), { level, reason }); after(); },
  });
}

/** @param {any} run @param {() => void} after */
export const addTask = (run, after) => askFor({
  title: t("do.add"), reasons: "add",
  fields: [
    field("post", t("post"), el("input", { list: "posts", required: "", maxlength: 60, autocomplete: "off" })),
    field("what", t("what"), el("input", { required: "", maxlength: 200, autocomplete: "off" })),
    field("limit_min", t("limit"), el("input", { type: "number", min: 1, max: 10080, value: 30, required: "" })),
  ],
  act: async ({ post, what, limit_min, reason }) => {
    await send(path(run, "tasks"), { post, what, limit_min: Number(limit_min), reason });
    after();
  },
});

/** @param {any} run @param {any} task @param {() => void} after */
export const skipTask = (run, task, after) => askFor({
  title: `${t("do.skip")} ${task.key}`, note: `${task.post} · ${task.what}`, reasons: "skip", verb: t("do.skip"),
  act: async ({ reason }) => { await send(path(run, `tasks/${task.id}/skip`), { reason }); after(); },
});

/** @param {any} run @param {any} task @param {any} one @param {() => void} after */
export async function reassign(run, task, one, after) {
  const { people } = await ask(path(run, "people"));
  const choices = people.map((/** @type {any} */ person) => /** @type {[string, string]} */ (
    [person.id, person.posts.length ? `${person.name}（${t("onDuty", { posts: person.posts.join("、") })}）` : person.name]));
  askFor({
    title: `${t("do.reassign")} ${task.key}`, note: `${one.place ?? ""} ${task.what}`, reasons: "reassign", verb: t("do.reassign"),
    fields: [choices.length ? field("person", t("person"), select(choices)) : el("p", { class: "soft" }, t("noPeople"))],
    act: async ({ person, reason }) => {
      if (!person) throw new Error(t("noPeople"));
      await send(path(run, `assignments/${one.id}/reassign`), { person, reason });
      after();
    },
  });
}

/** For somebody who said so by voice, or an outside party: one tap. @param {any} run @param {any} task @param {any} one @param {() => void} after */
export function answerFor(run, task, one, after) {
  const key = newKey();
  const order = ["acknowledged", "on_site", "done"];
  const kinds = order.slice(order.indexOf(one.state) + 1);
  const choices = [...kinds, "cannot"].map((kind) => /** @type {[string, string]} */ ([kind, word("answer", kind)]));
  const results = task.results.map((/** @type {string} */ result) => /** @type {[string, string]} */ ([result, result]));
  askFor({
    title: `${t("do.answer")} ${task.key}`, note: `${task.post} · ${one.place ?? ""} · ${task.what}`, verb: t("do.answer"),
    fields: [
      field("kind", t("state"), select(choices)),
      ...(results.length ? [field("result", t("result"), select([["", "—"], ...results]))] : []),
    ],
    act: async ({ kind, result }) => {
      await send(path(run, `assignments/${one.id}/answer`), { key, kind, result: result || null });
      after();
    },
  });
}

/** @param {any} run @param {any} condition @param {boolean} met @param {() => void} after */
export const tick = (run, condition, met, after) => askFor({
  title: t(met ? "tick" : "untick"), note: condition[language],
  act: async () => {
    await send(path(run, "conditions"), { purpose: condition.purpose, number: condition.number, met });
    after();
  },
});

/** @param {any} run @param {() => void} after */
export const signRun = (run, after) => askFor({
  title: t("do.sign"), note: t("signNote"), act: async () => { await send(path(run, "sign"), {}); after(); },
});

/** @param {any} run @param {boolean} complete whether nothing is missing @param {() => void} after */
export const terminateRun = (run, complete, after) => askFor(complete
  ? { title: t("do.terminate"), note: t("sure", { what: t("do.terminate") }), act: async () => { await send(path(run, "terminate"), {}); after(); } }
  : {
    title: t("do.override"), note: t("overrideNote"), reasons: "override", danger: true,
    act: async ({ reason }) => { await send(path(run, "terminate"), { override: true, reason }); after(); },
  });

/** @param {any} run @param {() => void} after */
export const reviewRun = (run, after) => askFor({
  title: t("do.review"), note: t("reviewNote"), act: async () => { await send(path(run, "review"), {}); after(); },
});

/** @param {any} run @param {() => void} after */
export function addNote(run, after) {
  const key = newKey();
  askFor({
    title: t("do.note"), fields: [field("text", t("noteText"), el("textarea", { required: "", maxlength: 2000 }))],
    act: async ({ text }) => { await send(path(run, "notes"), { text, key }); after(); },
  });
}
