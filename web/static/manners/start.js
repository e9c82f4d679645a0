/** How the screen behaves on a wall: its parts, its theme, driven from a desk, renewed after an update. */

import "./strings.js";
import { startDesk } from "./desk.js";
import { startParts } from "./parts.js";
import { startPresence } from "./presence.js";
import { startRenewal } from "./renew.js";
import { startTheme } from "./theme.js";

/** Draw this part and keep it up to date. */
export function startManners() {
  startTheme();
  startParts();
  startPresence();
  startDesk();
  startRenewal();
}
