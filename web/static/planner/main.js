/** The editor of a draft: reads it, ties its parts together, and says what came of each act. */

import { byId } from "../dom.js";
import { Acts } from "./acts.js";
import { drawCard, neighboursOf } from "./card.js";
import { Draft } from "./draft.js";
import { Drawing } from "./drawing.js";
import { listFindings } from "./findings.js";
import { Ground } from "./ground.js";
import { Handles } from "./handles.js";
import { drawHead } from "./head.js";
import { listHistory } from "./history.js";
import { obey, showKeys } from "./keys.js";
import { Locking } from "./locking.js";
import { Outbox } from "./outbox.js";
import { say, whisper } from "./saying.js";
import { ask, newKey, Unreached } from "./server.js";
import { Snapping } from "./snapping.js";
import { language, nameUnits, t, word } from "./strings.js";
import { Swipe } from "./swipe.js";
import { tabs } from "./tabs.js";
import { listUnits } from "./units_list.js";
import { Vertices } from "./vertices.js";

/* global L */

const OFFLINE_WORDS = ["offlineNow", "offlineUndo", "offlineMend", "saved.offline", "saved.idleOffline", "findingsOld", "areaPending"].map((key) => t(key, { n: 0 })).join("");
const SPECK_PX = 60;
const page = byId("planner");
const base = `/api/boundaries/drafts/${page.dataset.draft}`;
const [reading, units] = [ask(base), ask(`${base}/units`)]; // as the page's head asks for them: the first view waits for them
for (const one of [reading, units]) one.catch(() => {}); // each is told of where it is waited for

L.PM.setOptIn(true); // Geoman looks after what we hand it, and after nothing else
L.Marker.mergeOptions({ keyboard: false }); // a thousand vertices are no stops of the Tab key
const map = /** @type {any} */ (globalThis).map_planner;
const draft = new Draft();
const outbox = new Outbox(base, `shijing-planner:${page.dataset.account}:${page.dataset.draft}`, () => draft.head.revision);
const ground = new Ground(map, draft);
const handles = new Handles(map, draft, ground);
const vertices = new Vertices(map, draft, handles);
const drawing = new Drawing(map, byId("cross"));
const snapping = new Snapping(map, base, ground.below);
const swipe = new Swipe(map, base);
const locking = new Locking(base, draft);
const acts = new Acts({ map, draft, handles, vertices, drawing, done });
const show = drawHead({ map, draft, outbox, drawing, locking, rebase: () => void rebase() });
const panel = tabs(byId("tabs"), () => void readHistory());
const list = listUnits(draft, (key, isMore) => { choose(key, isMore); if (!isMore) comeInto(key); });
const card = drawCard(draft, done, () => []);
const findings = listFindings(map, draft, { choose: (keys) => draft.choose(keys), mend, isOld: () => outbox.state === "offline" && outbox.entries.length > 0 });
const readHistory = listHistory(base, draft);

/** @param {import("./applying.js").Step} step */
function done(step) {
  if (!draft.mayEdit) return;
  outbox.push(step);
  draft.show(outbox.steps);
  if (outbox.state === "offline" && draft.waiting.size) say(t("waitsForServer", { what: word("step", step.kind) }));
}

/** @param {string} key @param {boolean} isMore */
function choose(key, isMore) {
  if (isMore) draft.toggle(key);
  else draft.choose([key]);
  const [unit] = draft.chosenUnits;
  if (unit) whisper(draft.chosen.length > 1 ? t("chosenN", { n: draft.chosen.length }) : t("chosenTold", { name: unit.properties.name, n: neighboursOf(draft, unit).length }));
}

/** Moves the map so that the unit is seen, and is more than a speck. @param {string} key */
function comeInto(key) {
  const bounds = ground.boundsOf(key);
  if (!bounds) return;
  const [begin, end] = [bounds.getNorthWest(), bounds.getSouthEast()].map((one) => map.latLngToContainerPoint(one));
  const isSmall = Math.max(end.x - begin.x, end.y - begin.y) < SPECK_PX;
  if (isSmall || !map.getBounds().contains(bounds)) map.fitBounds(bounds, { padding: [80, 80], maxZoom: Math.max(map.getZoom(), 15), animate: false });
}

/** @param {"undo" | "redo"} which */
async function goBack(which) {
  if (!draft.mayEdit || drawing.what) return;
  vertices.keep();
  if (outbox[which]()) draft.show(outbox.steps);
  else if (draft.head[which] > 0) await act(`/${which}`, {}, t("offlineUndo"));
}

/** @param {any} finding */
function mend(finding) {
  void act(`/findings/${finding.id}/mend`, { id: newKey() }, t("offlineMend"));
}

/** @param {string} path @param {object} body @param {string} offline what is said where the server does not answer */
async function act(path, body, offline) {
  try {
    await outbox.act(path, body);
  } catch (error) {
    say(error instanceof Unreached ? offline : error instanceof Error ? error.message : String(error), "bad");
  }
}

/** Reads all of it again: another revision, or another base. */
async function readAgain() {
  const [head, whole] = await Promise.all([ask(base), ask(`${base}/units`)]);
  draft.takeHead(head);
  draft.takeAll(whole, outbox.steps);
  draft.takeFindings((await ask(`${base}/findings`)).findings);
}

async function rebase() {
  try {
    const told = await ask(`${base}/rebase`, { revision: draft.head.revision });
    await readAgain();
    ground.drawAround();
    if (told.dropped.length) say(t("rebased", { n: told.dropped.length, why: told.dropped[0][language] }), "bad");
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
}

outbox.addEventListener("taken", (event) => draft.takeAnswer(/** @type {CustomEvent} */ (event).detail, outbox.steps));
outbox.addEventListener("refused", (event) => {
  const { entry, error } = /** @type {CustomEvent} */ (event).detail;
  draft.show(outbox.steps);
  handles.rebuild(true);
  say(t("refused", { what: word("step", entry.step.kind), why: error.message }), "bad");
});
outbox.addEventListener("moved", (event) => {
  const n = outbox.entries.length;
  const again = readAgain().then(() => { say(n ? t("moved", { n }) : t("movedNone")); return true; }, () => false);
  /** @type {CustomEvent} */ (event).detail.wait?.(again);
});
outbox.addEventListener("stopped", (event) => {
  say(/** @type {CustomEvent} */ (event).detail.message, "bad");
  void ask(base).then((head) => draft.takeHead(head)).catch(() => {});
});
outbox.addEventListener("state", (event) => {
  const was = /** @type {CustomEvent} */ (event).detail?.was;
  if (outbox.state === "offline" && was) say(t("offlineNow"), "bad");
  if (was === "offline") say(t("backOnline"));
  findings.draw();
});
draft.addEventListener("head", () => { if (outbox.state === "held" && draft.mayEdit) void outbox.flush(); });
vertices.addEventListener("state", () => { byId("vertex-tools").hidden = vertices.at === null || !draft.mayEdit; });
locking.addEventListener("lost", (event) => say(t("lockLost", { who: /** @type {CustomEvent} */ (event).detail.held_by }), "bad"));
handles.addEventListener("step", (event) => done(/** @type {CustomEvent} */ (event).detail));
handles.addEventListener("crossed", () => say(t("crosses"), "bad"));
handles.snapped = (latlng) => snapping.nearest(latlng);
drawing.addEventListener("state", () => { handles.off = drawing.what !== null; handles.later(); });
ground.units.on("click", (/** @type {any} */ event) => {
  if (!drawing.what) choose(event.propagatedFrom.key, event.originalEvent.shiftKey || event.originalEvent.ctrlKey);
});

/** Along the list of units, or of the neighbours of what is chosen. @param {1 | -1} step @param {boolean} isMore */
function along(step, isMore) {
  const last = draft.shown.get(draft.chosen.at(-1) ?? "");
  const order = (isMore && last ? neighboursOf(draft, draft.chosenUnits[0]) : [...draft.shown.values()]).sort((a, b) => a.properties.code.localeCompare(b.properties.code));
  if (!order.length) return;
  const now = last ? order.indexOf(last) : -1;
  const next = order[now === -1 ? (step > 0 ? 0 : order.length - 1) : (now + step + order.length) % order.length];
  choose(next.id, isMore);
  comeInto(next.id);
}

function snap() {
  snapping.on = handles.snapping = drawing.snapping = !snapping.on;
  byId("snap").setAttribute("aria-pressed", String(snapping.on));
  handles.later();
}

async function swiped() {
  try {
    await swipe.toggle();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), "bad");
  }
  byId("before-after").setAttribute("aria-pressed", String(swipe.on));
}

/** @param {1 | -1} step */
function vertex(step) {
  if (!draft.chosen.length) say(t("needOne"));
  else if (!handles.areShown) acts.zoomTo();
  else if (vertices.next(step)) map.getContainer().focus();
}

function giveUp() {
  if (drawing.what) drawing.giveUp();
  else if (!vertices.giveUp()) draft.choose([]);
}

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const orders = {
  help: showKeys, undo: () => void goBack("undo"), redo: () => void goBack("redo"), search: () => { panel.show("units"); list.focus(); },
  previous: () => along(-1, false), next: () => along(1, false), morePrevious: () => along(-1, true), moreNext: () => along(1, true),
  zoomTo: () => acts.zoomTo(), split: () => acts.split(), merge: () => void acts.merge(), piece: () => acts.piece(),
  rename: () => { if (draft.chosen.length === 1 && draft.mayEdit) card.focus(); else say(t("needOne")); },
  findings: () => { panel.show("findings"); findings.first(); }, swipe: () => void swiped(), snap, whole: () => ground.frame(),
  zoomIn: () => map.zoomIn(), zoomOut: () => map.zoomOut(), vertexNext: () => vertex(1), vertexPrevious: () => vertex(-1),
  nudge: (/** @type {KeyboardEvent} */ event) => vertices.nudge(...scaled(ARROWS[event.key], event.shiftKey ? 10 : 1)), keep: () => vertices.keep(),
  insert: () => acts.insertVertex(), remove: () => acts.removeVertex(), giveUp,
  pan: (/** @type {KeyboardEvent} */ event) => drawing.pan(...ARROWS[event.key], event.shiftKey), point: () => drawing.point(), back: () => drawing.back(), finish: () => drawing.finish(),
};

/** @param {[number, number]} way @param {number} by @returns {[number, number]} */
const scaled = ([x, y], by) => [x * by, y * by];

obey(orders, () => (drawing.what ? "draw" : vertices.at ? "vertex" : "map"));
for (const [id, order] of Object.entries({ undo: "undo", redo: "redo", split: "split", merge: "merge", piece: "piece", snap: "snap", "before-after": "swipe", whole: "whole",
  help: "help", "zoom-in": "zoomIn", "zoom-out": "zoomOut", closer: "zoomTo", "draw-done": "finish", "draw-point": "point", "draw-give-up": "giveUp", "vertex-remove": "remove", "vertex-insert": "insert", "vertex-leave": "giveUp" })) {
  byId(id).addEventListener("click", (event) => orders[/** @type {"undo"} */ (order)](/** @type {any} */ (event)));
}
new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());

try {
  const head = await reading;
  nameUnits(head.level);
  draft.takeHead(head);
  const whole = await units;
  map.invalidateSize({ pan: false });
  ground.frame(whole.units.features);
  draft.takeAll(whole, outbox.steps);
  ground.drawAround();
  show();
  document.body.dataset.ready = "";
  await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }); // first it is seen
  snapping.attributed = (text) => { byId("snap-source").textContent = text; };
  void snapping.read();
  await locking.take();
  if (outbox.entries.length) void outbox.flush();
  draft.takeFindings((await ask(`${base}/findings`)).findings);
  document.body.dataset.checked = "";
  void document.fonts.load('17px "Noto Sans SC Variable"', OFFLINE_WORDS); // no letters come when the server does not answer
} catch (error) {
  say(t("failed", { why: error instanceof Error ? error.message : String(error) }), "bad");
}
