/** Which division is in view: the address says it, the layers that are drawn know it, and the server tells the rest. */

import { said, say, whenSaid } from "../address.js";
import { whenDrawn } from "../store.js";
import { division, lineOf, remember } from "./divisions.js";

/* global L */

/**
 * @typedef {import("./divisions.js").Division} Division
 * @typedef {{city: any, path: any[], below: string | null}} Told
 */

/** @type {Division[]} from the district down to what is in view; empty: the whole city */ let line = [];
/** @type {string | null} */ let below = "district";
/** @type {Array<() => void>} */ const listeners = [];

/** From the district down to what is in view; empty: the whole city. */
export const path = () => line;
/** What is in view, if it is not the whole city. */
export const inView = () => line.at(-1);
/** The level that it is divided into; null: it is not divided. */
export const levelBelow = () => below;
/** The division of that level which is in view or around it. @param {string} level */
export const around = (level) => line.find((one) => one.level === level);

/** Whether a township is not in what is in view. @param {number | null} township */
export function isOutside(township) {
  if (!line.length || township === null) return false;
  const own = around("township");
  return own ? own.id !== township : division(township)?.parent !== line[0].id;
}

/** @param {() => void} act */
export function whenPath(act) {
  listeners.push(act);
}

/** What the page brought along, of where it begins. @type {Told | null} */
const brought = JSON.parse(document.querySelector("#way")?.textContent ?? "null");

/** The bounds of what somebody may see: west, south, east, north in degrees; null: unknown. */
export async function boundsOfScope() {
  if (brought) return brought.city?.bounds ?? null;
  const answer = await fetch("/api/path").catch(() => null);
  return answer?.ok ? ((await answer.json()).city?.bounds ?? null) : null;
}

/** When the server has told what the address had in view at first. @type {Promise<void>} */
export let followed = Promise.resolve();

/** Follow the address. */
export function followAddress() {
  whenSaid(["in"], () => setTimeout(() => void follow())); // the stream's request goes out before the map has its hands full
  if (brought && said("in")) take(brought);
  else if (!brought) followed = follow();
}

/** Also when the layers have come. */
export async function follow() {
  const id = Number(said("in"));
  if (!said("in")) return put([], "district");
  const here = lineOf(id);
  if (here.length) {
    put(here, belowOf(here));
    await new Promise((done) => whenDrawn(() => done(undefined))); // what is known of it comes first
    if (Number(said("in")) !== id) return;
  }
  const answer = await fetch(`/api/path?in=${encodeURIComponent(said("in"))}${said("at") ? `&at=${encodeURIComponent(said("at"))}` : ""}`).catch(() => null);
  if (Number(said("in")) !== id) return; // somebody went on
  if (answer?.ok) take(await answer.json());
  else if (answer?.status === 404 || answer?.status === 422) say({ in: null }, { quiet: true }); // there is no such division, or not for whoever asks
}

/** @param {Told} told */
function take(told) {
  let parent = null;
  for (const { id, level, name, code, bounds } of told.path) {
    remember({ id, level, name, code: code ?? "", parent, bounds: bounds && L.latLngBounds([bounds[1], bounds[0]], [bounds[3], bounds[2]]) });
    parent = id;
  }
  if (!told.path.length) return say({ in: null }, { quiet: true });
  put(told.path.map(({ id }) => /** @type {Division} */ (division(id))), told.below);
}

/** @param {Division[]} here */
const belowOf = (here) => (here.at(-1)?.level === "district" ? "township" : here.at(-1)?.level === "township" ? "grid" : null);

/** @param {Division[]} next @param {string | null} nextBelow */
function put(next, nextBelow) {
  const same = below === nextBelow && next.length === line.length && next.every(({ id }, i) => id === line[i].id)
    && next.at(-1)?.bounds === line.at(-1)?.bounds;
  [line, below] = [next, nextBelow];
  if (!same) for (const act of listeners) act();
}
