/** What needs a person now: the stage, answers, silence, trends, the ledger; the tour of a quiet day. */

import "./strings.js";
import { startSound } from "./sound.js";
import { startStage } from "./stage.js";
import { startStanding } from "./standing_part.js";
import { startTelling } from "./told.js";
import { startTicking } from "./ticking.js";
import { startTour } from "./tour.js";

/** Draw this part and keep it up to date. */
export function startNow() {
  startTicking();
  startSound();
  startStanding();
  startStage();
  startTour();
  startTelling();
}
