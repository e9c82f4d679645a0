/** The levels of the map: city, district, township, grid; what it is coloured by; search and the way up. */

import "./strings.js";
import { keepClusters } from "./clusters.js";
import { keepColours, recolour } from "./colouring.js";
import { drawCrumbs } from "./crumbs.js";
import { keepNames, renameTownships } from "./names.js";
import { followAddress } from "./path.js";
import { drawSearch } from "./search.js";
import { drawShades } from "./shades.js";
import { followBoard } from "./tallies.js";
import { keepTiles } from "./tiles.js";
import { keepView } from "./view.js";

/** Draw this part and keep it up to date. */
export function startCity() {
  drawCrumbs();
  drawSearch();
  keepNames();
  keepColours();
  keepClusters();
  keepTiles();
  keepView();
  drawShades(() => { recolour(); renameTownships(); });
  followBoard();
  followAddress();
}
