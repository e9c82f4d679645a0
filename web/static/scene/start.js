/** What stands in a grid, and the card that tells it. */

import { said, whenSaid } from "../address.js";
import { whenAny, whenDrawn } from "../store.js";
import { awaitDivision, drawDivision, readDivision } from "./division.js";
import { loadKinds } from "./kinds.js";
import { drawThing, readThing } from "./thing.js";
import { drawThings, readThings } from "./things.js";
import "./strings.js";

/** Draw this part and keep it up to date. */
export function startScene() {
  whenSaid(["in"], () => {
    awaitDivision();
    whenDrawn(() => void followDivision());
  });
  whenSaid(["thing"], () => void followThing());
  whenSaid(["at"], drawDivision);
  whenAny(["board"], () => void readDivision({ again: true }));
  drawThings();
  void loadKinds().then(() => Promise.all([followDivision(), followThing()]));
}

/** Another division is in view: its card, and what stands in it. */
async function followDivision() {
  const level = await readDivision();
  await readThings(level === null ? "" : said("in"), level);
}

/** A thing was chosen, or is no more: its card stands before that of the division. */
async function followThing() {
  await readThing();
  if (!drawThing()) drawDivision();
}
