/** The keys of the editor: one table, from which they are obeyed and shown. */

import { el } from "../dom.js";
import { filled, language, t } from "./strings.js";

/**
 * @typedef {"any" | "map" | "vertex" | "draw"} Where
 * @typedef {{ keys: string[], shown: string, where: Where, zh: string, en: string, act: string }} Key
 */

/** `keys`: as `KeyboardEvent.key`, with `Ctrl+` and `Shift+` before it where they matter. @type {Key[]} */
export const KEYS = [
  { keys: ["?"], shown: "?", where: "any", act: "help", zh: "打开或关闭本说明", en: "Open or close this panel" },
  { keys: ["Ctrl+z"], shown: "Ctrl+Z", where: "any", act: "undo", zh: "撤销", en: "Undo" },
  { keys: ["Ctrl+y", "Ctrl+Shift+z"], shown: "Ctrl+Y", where: "any", act: "redo", zh: "重做", en: "Redo" },
  { keys: ["/"], shown: "/", where: "any", act: "search", zh: "按名称或编号查找", en: "Find by name or code" },
  { keys: ["["], shown: "[", where: "any", act: "previous", zh: "上一个{unit}", en: "The {unit} before" },
  { keys: ["]"], shown: "]", where: "any", act: "next", zh: "下一个{unit}", en: "The next {unit}" },
  { keys: ["Shift+{", "Shift+["], shown: "Shift+[", where: "any", act: "morePrevious", zh: "再加选上一个相邻{unit}", en: "Add the neighbour before to the selection" },
  { keys: ["Shift+}", "Shift+]"], shown: "Shift+]", where: "any", act: "moreNext", zh: "再加选下一个相邻{unit}", en: "Add the next neighbour to the selection" },
  { keys: ["e"], shown: "E", where: "any", act: "zoomTo", zh: "放大到所选{unit}，改边界", en: "Zoom to what is selected, to change its borders" },
  { keys: ["s"], shown: "S", where: "any", act: "split", zh: "分割所选{unit}", en: "Split what is selected" },
  { keys: ["m"], shown: "M", where: "any", act: "merge", zh: "合并所选{units}", en: "Merge what is selected" },
  { keys: ["g"], shown: "G", where: "any", act: "piece", zh: "把所选{unit}的一块划给相邻{unit}", en: "Move a piece of what is selected to a neighbour" },
  { keys: ["r"], shown: "R", where: "any", act: "rename", zh: "改名称、编号、户数", en: "Change name, code, households" },
  { keys: ["f"], shown: "F", where: "any", act: "findings", zh: "检查结果", en: "Findings" },
  { keys: ["b"], shown: "B", where: "any", act: "swipe", zh: "前后对比；方向键移动分界", en: "Before/after; arrow keys move the divider" },
  { keys: ["x"], shown: "X", where: "any", act: "snap", zh: "吸附开或关（拖动时按住 Alt 暂停）", en: "Snapping on or off (Alt while dragging pauses it)" },
  { keys: ["0"], shown: "0", where: "any", act: "whole", zh: "全图", en: "The whole draft" },
  { keys: ["+", "="], shown: "+", where: "map", act: "zoomIn", zh: "放大", en: "Zoom in" },
  { keys: ["-"], shown: "−", where: "map", act: "zoomOut", zh: "缩小", en: "Zoom out" },
  { keys: [], shown: "← ↑ → ↓", where: "map", act: "", zh: "移动地图", en: "Move the map" },
  { keys: ["."], shown: ".", where: "any", act: "vertexNext", zh: "所选{unit}的下一个顶点", en: "Next vertex of what is selected" },
  { keys: [","], shown: ",", where: "any", act: "vertexPrevious", zh: "上一个顶点", en: "Vertex before" },
  { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowDown"], shown: "← ↑ → ↓", where: "vertex", act: "nudge", zh: "移动顶点 1 像素，按住 Shift 为 10 像素", en: "Move it by a pixel, with Shift by ten" },
  { keys: ["Enter"], shown: "Enter", where: "vertex", act: "keep", zh: "确定", en: "Keep it" },
  { keys: ["i", "Insert"], shown: "I", where: "vertex", act: "insert", zh: "在其后插入顶点，两侧同时", en: "Put a vertex after it, on both sides" },
  { keys: ["Delete", "Backspace"], shown: "Delete", where: "vertex", act: "remove", zh: "删除顶点，两侧同时", en: "Remove it, on both sides" },
  { keys: ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Shift+ArrowLeft", "Shift+ArrowRight", "Shift+ArrowUp", "Shift+ArrowDown"], shown: "← ↑ → ↓", where: "draw", act: "pan", zh: "移动十字，按住 Shift 为微调", en: "Move the cross, with Shift finely" },
  { keys: [" "], shown: "Space", where: "draw", act: "point", zh: "落点", en: "Set a point" },
  { keys: ["Backspace", "Delete"], shown: "Backspace", where: "draw", act: "back", zh: "退一点", en: "Take the last point back" },
  { keys: ["Enter"], shown: "Enter", where: "draw", act: "finish", zh: "完成", en: "Finish" },
  { keys: ["Escape"], shown: "Esc", where: "any", act: "giveUp", zh: "放弃；再按一次取消选择", en: "Give up; once more: select nothing" },
];

/** @param {KeyboardEvent} event */
function pressed(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const isSign = event.key.length === 1 && !/[a-z [\]{}]/i.test(event.key); // typed with Shift on some keyboards, without on others
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${event.shiftKey && !isSign ? "Shift+" : ""}${key}`;
}

/** Whether the key belongs to a field that is written in, or to a control of its own. @param {Element} target @param {string} key */
function isTheirs(target, key) {
  if (target.closest("dialog[open]")) return true;
  if (target.matches("input:not([type='checkbox'], [type='radio']), textarea, select")) return !(key === "Ctrl+z" || key === "Ctrl+y");
  return (key === "Enter" || key === " ") && target.matches("button, a, summary") && !target.closest(".pl-map");
}

/**
 * @param {Record<string, (event: KeyboardEvent) => void>} acts
 * @param {() => Where} where what the map is at now
 */
export function obey(acts, where) {
  document.addEventListener("keydown", (event) => {
    const key = pressed(event);
    const target = /** @type {Element} */ (event.target);
    if (event.isComposing) return;
    if (key === "Escape" && target.matches("main input")) /** @type {HTMLElement} */ (target).blur();
    if (isTheirs(target, key)) return;
    const at = where();
    const inMap = Boolean(target.closest?.(".pl-map")) || target === document.body;
    const found = KEYS.find((one) => one.keys.includes(key) && (one.where === at && inMap && at !== "map"))
      ?? KEYS.find((one) => one.keys.includes(key) && (one.where === "any" || (one.where === "map" && inMap && at === "map")));
    if (!found?.act) return;
    event.preventDefault();
    event.stopPropagation();
    acts[found.act](event);
  }, true);
}

/** The panel that tells them. */
export function showKeys() {
  const open = document.querySelector("dialog.pl-keys");
  if (open instanceof HTMLDialogElement) {
    open.close();
    return;
  }
  const parts = /** @type {Where[]} */ (["any", "map", "vertex", "draw"]).map((where) => el("section", {}, el("h3", {}, t(`keys.where.${where}`)),
    el("dl", {}, ...KEYS.filter((one) => one.where === where).flatMap((one) => [el("dt", {}, el("kbd", {}, one.shown)), el("dd", {}, wordsOf(one))]))));
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "act-dialog own office pl-keys", "aria-labelledby": "keys-title" },
    el("header", {}, el("h2", { id: "keys-title" }, t("keysTitle")), el("button", { type: "button", class: "second", onclick: () => dialog.close() }, t("close"))),
    el("div", { class: "pl-keys-parts" }, ...parts)));
  dialog.addEventListener("close", () => dialog.remove()); // the focus goes back by itself, and at once
  dialog.addEventListener("keydown", (event) => { if (event.key === "?" || event.key === "Escape") dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}

/** @param {Key} key */
const wordsOf = (key) => filled(key[language]);
