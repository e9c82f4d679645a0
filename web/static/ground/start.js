/** The layers beneath the map: what the owner has added, and what is shipped. */

import "./strings.js";
import { drawBase } from "./base.js";
import { drawControl } from "./control.js";
import { drawFoot } from "./foot.js";
import { loadLayers } from "./layers.js";
import { drawPictures } from "./pictures.js";

/** Draw this part and keep it up to date. */
export function startGround() {
  drawPictures();
  drawBase();
  drawControl();
  drawFoot();
  void loadLayers();
}
