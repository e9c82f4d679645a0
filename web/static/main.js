/** The screen, put together: skeleton, map, panels, then the stream that feeds them. */

import { startCity } from "./city/start.js";
import { startGround } from "./ground/start.js";
import { startManners } from "./manners/start.js";
import { startNow } from "./now/start.js";
import { startScene } from "./scene/start.js";
import { startThen } from "./then/start.js";
import { drawQueue } from "./alerts.js";
import { drawBar } from "./bar.js";
import { drawCard, select } from "./card.js";
import { beginCity, drawCity, lookAt, map, readCity, redrawCity, wholeCity } from "./citymap.js";
import { around } from "./city/path.js";
import { isNear, painted } from "./city/tiles.js";
import { byId } from "./dom.js";
import { whenIdle } from "./idle.js";
import { drawLegend } from "./legend.js";
import { loadNames } from "./names.js";
import { drawNotices } from "./notices.js";
import { drawPlaces } from "./places.js";
import { drawRuns } from "./runs.js";
import { drawStations } from "./stations.js";
import { retell, store, takeSnapshot } from "./store.js";
import { addressOf, startStream } from "./stream.js";
import { fillSkeleton } from "./strings.js";
import { drawVerdict } from "./verdict.js";

const STILL_MS = 1_500;

fillSkeleton();
drawLegend();
drawBar();
drawVerdict();
drawNotices(({ lon, lat }) => { if (lon !== null) lookAt([lat, lon]); });
drawQueue(show, showAlert);
drawRuns();
drawCard();
drawStations(select);
drawPlaces();
for (const [id, act] of /** @type {const} */ ([["zoom-in", () => map.zoomIn()], ["zoom-out", () => map.zoomOut()], ["whole-city", wholeCity]])) {
  byId(id).addEventListener("click", act);
}
for (const start of [startManners, startCity, startGround, startScene, startNow, startThen]) start(readAnew);
startStream(readAnew);
void loadNames(retell);
void begin();

// What a page is asked by whoever tests or measures it: a module of the same address is the page's own.
export { say } from "./address.js";
export { styleOf } from "./city/colouring.js";
export { keptClear, lookAround } from "./ground/clear.js";
export { store, takeReadings, when } from "./store.js";
export { holdStream, releaseStream } from "./stream.js";
export { addWords } from "./strings.js";

/** The map, and that the page is ready. */
async function begin() {
  await beginCity();
  const begunNear = isNear(); // what lies under the tiles is not seen before somebody goes farther away
  const knowsPlace = begunNear && around("township") !== undefined; // then no layer is needed to say what is outside
  if (!knowsPlace) await untilDone(readCity);
  await (begunNear ? painted() : drawCity());
  performance.mark("shijing-ready");
  document.body.dataset.ready = "true";
  if (knowsPlace) await new Promise((done) => whenIdle(() => done(untilDone(readCity))));
  if (begunNear) whenStill(() => void drawCity());
}

/** When nobody has moved the map for a while, or at once when they go farther away. @param {() => void} act */
function whenStill(act) {
  let timer = 0;
  const done = () => {
    map.off("moveend", again);
    act();
  };
  const again = () => {
    clearTimeout(timer);
    if (isNear()) timer = window.setTimeout(() => whenIdle(done), STILL_MS);
    else done();
  };
  map.on("moveend", again);
  again();
}

/** Choose a station in the queue: its card, and the map moves to it. @param {number} sensor */
function show(sensor) {
  select(sensor);
  const station = store.stations.get(sensor);
  if (station && station.lon !== null) lookAt([station.lat, station.lon]);
}

/** Chosen in the queue: its station's card, else the place that it tells. @param {import("./store.js").Alert} alert */
function showAlert(alert) {
  if (alert.sensor_id !== null && store.stations.has(alert.sensor_id)) show(alert.sensor_id);
  else if (alert.lon !== null) lookAt([alert.lat, alert.lon]);
}

/** The boundaries or the set of sensors have changed. */
async function readAnew() {
  const asked = addressOf();
  const answer = await fetch(asked).catch(() => null);
  if (!answer?.ok || asked !== addressOf() || store.link === "past") return; // the next board asks again, or a snapshot came
  const before = store.board?.layers;
  takeSnapshot(await answer.json());
  if (store.board?.layers !== before) await redrawCity().catch(() => {});
}

/** The layers may not be had yet: the database may still be starting. @param {() => Promise<void>} act */
async function untilDone(act) {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      console.warn(`the map layers could not be read: ${error}`);
      await new Promise((done) => setTimeout(done, 2_000));
    }
  }
}
