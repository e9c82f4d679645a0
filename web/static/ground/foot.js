/** Below the map: whose the layers are that are shown, their approval numbers, and which are not official. */

import { el } from "../dom.js";
import { notes } from "./control.js";
import { nameOf, shown, whenLayers } from "./layers.js";

/** Keep it up to date. */
export function drawFoot() {
  const place = el("span", { id: "ground-foot" });
  document.querySelector(".map-foot")?.append(place);
  whenLayers(() => {
    place.replaceChildren(...shown().map((layer) => el("span", { class: layer.derived ? "ground-derived" : "" }, [nameOf(layer), ...notes(layer)].join(" · "))));
  });
}
