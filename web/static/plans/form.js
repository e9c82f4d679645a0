/** The whole form, section by section, from the plan that is edited and what it inherits. */

import { el } from "../dom.js";
import { conditionRows } from "./conditions.js";
import { area, begin, button, choice, field, hooks, lines, nextId, number, post, rows, text, tick } from "./rows.js";
import { t } from "./strings.js";
import { triggerForm } from "./trigger.js";

const RESPONSES = ["IV", "III", "II", "I"];
const COLOURS = ["blue", "yellow", "orange", "red"];
const THREATS = ["households", "persons", "need_carry"];

const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
const copy = (value) => (value === undefined ? undefined : structuredClone(value));

/** Keys in one order, and nothing empty: what is drawn may have added empty lists. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])])
    .filter(([, one]) => one !== undefined && one !== "" && !(typeof one === "object" && one !== null && !Object.keys(one).length)));
}

/** @param {any} state of main.js @returns {HTMLElement[]} */
export function form(state) {
  begin();
  const { whole, choices } = state;
  for (const key of ["tasks", "shelters", "routes", "resources", "notify", "upgrade"]) whole[key] ??= [];
  for (const key of ["trigger", "command", "levels", "terminate", "review", "threatened"]) whole[key] ??= {};
  return [
    basics(state),
    section(state, "trigger", [triggerForm(whole.trigger, choices), grid(
      field(t("confirm"), "trigger.confirm_within_min", number(whole.trigger, "confirm_within_min"), "is-half"),
      field(t("suppress"), "trigger.suppress", lines(whole.trigger, "suppress"), "is-half"))]),
    section(state, "levels", [pairs(whole.levels, "levels", levelNames(whole.levels), (name) => t(`level.${name}`))], t("levelsNote")),
    section(state, "command", command(state)),
    section(state, "tasks", items(state, "tasks", "T", task), t("tasksNote")),
    section(state, "shelters", items(state, "shelters", "S", (one, at) => [
      field(t("name"), at("name"), text(one, "name"), "is-half"), field(t("capacity"), at("capacity"), number(one, "capacity"))])),
    section(state, "routes", items(state, "routes", "R", (one, at) => [
      field(t("to"), at("to"), choice(one, "to", whole.shelters.map((each) => ({ value: each.id, label: `${each.id} ${each.name ?? ""}` })))),
      field(t("avoid"), at("avoid"), text(one, "avoid"), "is-half"),
      field(t("way"), at("way"), text(one, "way", { placeholder: "106.571,29.557 106.579,29.560" }), "is-most")])),
    section(state, "resources", rows(whole.resources, (one, place) => grid(
      field(t("item"), `resources.#${place + 1}.item`, text(one, "item")),
      field(t("count"), `resources.#${place + 1}.count`, number(one, "count", { least: 0 }))), () => ({ item: "", count: 1 }), { slim: true })),
    section(state, "notify", rows(whole.notify, (_, place) => field(t("party"), `notify.#${place + 1}`, inList(whole.notify, place)), () => "", { slim: true })),
    section(state, "upgrade", conditionRows(whole.upgrade, "upgrade", choices)),
    section(state, "terminate", terminate(state)),
    section(state, "review", [grid(field(t("dueH"), "review.due_h", number(whole.review, "due_h")),
      field(t("items"), "review.items", lines(whole.review, "items"), "is-half"))]),
    section(state, "privacy", privacy(whole)),
  ];
}

const grid = (...nodes) => el("div", { class: "ed-grid" }, ...nodes);

function section(state, key, nodes, note = "") {
  const mark = key in state.inherited || state.template ? whose(state, key) : [];
  return el("section", { class: "own-part", id: `part-${key}` }, el("h2", {}, t(key), note && el("small", {}, note), ...mark), ...nodes);
}

/** Whether a part is the template's; and the way back to it. */
function whose(state, key) {
  if (["tasks", "shelters", "routes"].includes(key)) return [];
  if (same(state.whole[key] ?? {}, state.inherited[key] ?? {})) return [el("span", { class: "whose" }, t("inherited"))];
  return [el("span", { class: "whose is-own" }, t(key in state.inherited ? "changed" : "own")),
    key in state.inherited && button(t("restore"), () => { state.whole[key] = copy(state.inherited[key]); hooks.redraw(); })];
}

function basics(state) {
  const { whole, choices } = state;
  return el("section", { class: "own-part", id: "part-basics" }, el("h2", {}, t("basics")), grid(
    field(t("name"), "name", text(whole, "name", { maxlength: 200 }), "is-half"),
    field(t("template"), "template", choice(state, "template", choices.templates, t("noTemplate"), () => hooks.typed(true))),
    field(t("reviseBy"), "revise_by", text(state, "revise_by", { type: "date" })),
    field(t("note"), "note", text(state, "note")),
    ...[...new Set([...THREATS, ...Object.keys(whole.threatened)])].map((key) => field(
      `${t("threatened")} · ${THREATS.includes(key) ? t(`threat.${key}`) : key}`, `threatened.${key}`, number(whole.threatened, key, { least: 0 })))));
}

/** Roman numbers, unless the plan names its levels by colour. */
function levelNames(levels) {
  const byColour = Object.keys(levels).some((one) => COLOURS.includes(one));
  return byColour ? [...new Set([...COLOURS, ...Object.keys(levels)])] : RESPONSES;
}

const pairs = (of, at, names, label) => grid(...names.map((name) => field(label(name), `${at}.${name}`, area(of, name), "is-half")));

function command(state) {
  const { whole, choices } = state;
  const names = Object.keys(whole.command);
  const nodes = names.map((name) => el("div", { class: "ed-row is-slim" }, grid(
    field(t("place"), `command.${name}`, renamed(whole, name, choices.places)),
    field(t("postOrTitle"), `command.${name}`, text(whole.command, name, { list: "post-names" }), "is-half")),
  button(t("remove"), () => { delete whole.command[name]; hooks.redraw(); })));
  const free = choices.places.find((one) => !(one.value in whole.command));
  const list = el("datalist", { id: "post-names" }, ...choices.posts.map((one) => el("option", { value: one.value })));
  return [list, ...nodes, el("p", { class: "buttons" }, free && button(t("add"), () => { whole.command[free.value] = " "; hooks.redraw(); }))];
}

/** A place in the command, which is a key: who signs keeps pointing at it. */
function renamed(whole, name, places) {
  const held = { place: name };
  return choice(held, "place", places.filter((one) => one.value === name || !(one.value in whole.command)), null, () => {
    whole.command = Object.fromEntries(Object.entries(whole.command).map(([key, value]) => [key === name ? held.place : key, value]));
    if (whole.terminate.by === name) whole.terminate.by = held.place;
    hooks.redraw();
  });
}

/** Tasks, shelters, routes: each by its id, the template's among them. */
function items(state, key, letter, draw) {
  const list = state.whole[key];
  const there = new Map((state.inherited[key] ?? []).map((one) => [one.id, one]));
  const nodes = list.map((one, place) => {
    const at = (name) => () => `${key}.${one.id || `#${place + 1}`}${name ? `.${name}` : ""}`;
    const template = there.get(one.id);
    const isSame = template && same(template, one);
    const said = !state.template ? [] : [el("span", { class: `whose${isSame ? "" : " is-own"}` }, t(isSame ? "inherited" : template ? "changed" : "own")),
      template && !isSame && button(t("restore"), () => { list[place] = copy(template); hooks.redraw(); })];
    const idControl = template ? el("input", { value: one.id, readonly: true }) : text(one, "id", { maxlength: 20 });
    return el("div", { class: `ed-row${isSame ? " is-inherited" : ""}` },
      el("div", { class: `ed-grid is-${key}` }, field(t("id"), at("id"), idControl), ...draw(one, at, state)),
      el("div", { class: "ed-row-head" }, ...said, el("span", { class: "spacer" }),
        place > 0 && !template && button(t("up"), () => { list.splice(place - 1, 2, one, list[place - 1]); hooks.redraw(); }),
        button(t("remove"), () => { list.splice(place, 1); hooks.redraw(); })));
  });
  const gone = [...there.values()].filter((one) => !list.some((each) => each.id === one.id));
  return [...nodes, gone.length > 0 && el("p", { class: "dropped" }, t("dropped"), ...gone.map((one) => button(
    `${t("takeBack")} ${one.id} ${one.do ?? one.name ?? ""}`, () => { list.push(copy(one)); hooks.redraw(); }))),
  el("p", { class: "buttons" }, button(t("add"), () => { list.push({ id: nextId([...list, ...there.values()], letter) }); hooks.redraw(); }))];
}

function task(one, at, { whole, choices }) {
  const others = whole.tasks.filter((each) => each.id && each !== one).map((each) => ({ value: each.id, label: `${each.id} ${each.do ?? ""}`.slice(0, 24) }));
  return [
    field(t("post"), at("post"), post(one, "post", choices.posts)),
    field(t("backup"), at("backup"), post(one, "backup", choices.posts, t("nobody"))),
    field(t("limit"), at("limit_min"), number(one, "limit_min")),
    field(t("limitRed"), at("limit_min_red"), number(one, "limit_min_red")),
    field(t("repeat"), at("repeat_min"), number(one, "repeat_min")),
    field(t("fromLevel"), at("from_level"), choice(one, "from_level", RESPONSES.map((name) => ({ value: name, label: t(`level.${name}`) })), t("atOnce"))),
    field(t("do"), at("do"), area(one, "do"), "is-most"),
    field(t("evidence"), at("evidence"), text(one, "evidence")),
    field(t("result"), at("result"), lines(one, "result"), "is-half"),
    field(t("after"), at("after"), several(one, "after", others), "is-wide"),
  ];
}

/** Several of a list: ticked one by one. */
function several(of, key, options) {
  const chosen = () => of[key] ?? [];
  const known = [...options, ...chosen().filter((id) => !options.some((one) => one.value === id)).map((id) => ({ value: id, label: id }))];
  return el("div", { class: "ed-ticks" }, ...known.map((one) => {
    const held = { on: chosen().includes(one.value) };
    const node = tick(held, "on", one.label);
    node.addEventListener("change", () => {
      of[key] = known.map((each) => each.value).filter((id) => (id === one.value ? held.on : chosen().includes(id)));
      if (!of[key].length) delete of[key];
      hooks.typed();
    });
    return node;
  }), !known.length && el("span", { class: "soft" }, t("nobody")));
}

function inList(list, place) {
  const held = { text: list[place] };
  const node = text(held, "text", { maxlength: 60 });
  node.addEventListener("input", () => { list[place] = node.value; });
  return node;
}

function terminate({ whole, choices }) {
  const end = whole.terminate;
  const word = "any" in end ? "any" : "all";
  end[word] ??= [];
  const relation = { relation: word };
  const told = choice(relation, "relation", ["all", "any"].map((one) => ({ value: one, label: t(one) })), null, () => {
    const list = end[word];
    delete end[word];
    end[relation.relation] = list;
    hooks.redraw();
  });
  const signers = Object.keys(whole.command).map((name) => ({ value: name, label: choices.places.find((one) => one.value === name)?.label ?? name }));
  return [grid(field(t("relation"), "terminate", told), field(t("signer"), "terminate.by", choice(end, "by", signers))), ...conditionRows(end[word], `terminate.${word}`, choices)];
}

function privacy(whole) {
  const held = { on: Boolean(whole.privacy) };
  const has = tick(held, "on", t("hasPrivacy"));
  has.addEventListener("change", () => {
    if (held.on) whole.privacy = { show_on_wall: false, map: "grid", delete_after_close_d: 30 };
    else delete whole.privacy;
    hooks.redraw();
  });
  if (!whole.privacy) return [has];
  const maps = ["point", "grid", "none"].map((one) => ({ value: one, label: t(`map.${one}`) }));
  return [has, grid(tick(whole.privacy, "show_on_wall", t("onWall")), field(t("map"), "privacy.map", choice(whole.privacy, "map", maps)),
    field(t("deleteAfter"), "privacy.delete_after_close_d", number(whole.privacy, "delete_after_close_d", { least: 0 })))];
}
