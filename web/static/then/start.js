/** Any moment of the past on the same screen, and the slider that goes there. */

import "./strings.js";
import { followAddress } from "./moment.js";
import { startPlayer } from "./player.js";
import { watchForRed } from "./red.js";
import { startStrip } from "./strip.js";
import { span } from "./track.js";

/** Draw this part and keep it up to date. @param {() => void} onOutdated as of startStream */
export function startThen(onOutdated) {
  startStrip();
  watchForRed();
  followAddress(onOutdated);
  startPlayer(() => span.present || Infinity);
}
