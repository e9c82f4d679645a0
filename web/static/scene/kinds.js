/** The kinds of things: their words, groups and signs. */

import { svg } from "../dom.js";
import { language } from "../strings.js";

/** @typedef {{id: string, zh: string, en: string, group: "house" | "land" | "object" | "body", min_zoom: number}} Kind */

export const GROUPS = /** @type {const} */ (["house", "land", "object", "body"]);

/** @type {Map<string, Kind>} */
export const kinds = new Map();

/** Read them, once. */
export async function loadKinds() {
  if (kinds.size) return;
  const answer = await fetch("/api/scene/kinds").catch(() => null);
  if (!answer?.ok) return;
  for (const kind of (await answer.json()).kinds) kinds.set(kind.id, kind);
}

/** @param {string} id */
export const kindName = (id) => kinds.get(id)?.[language] ?? id;

/** The sign of a kind. @param {string} id */
export const icon = (id) =>
  svg("svg", { class: "thing-icon", viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("use", { href: `/static/scene/icons.svg#${id}` }));
