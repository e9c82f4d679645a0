/** Dark for a room at night, light for one with windows: a key of the address, and a button. */

import { byId, el, svg } from "../dom.js";
import { said, say, whenSaid } from "../address.js";
import { t } from "../strings.js";

/** Follow the address from now on. */
export function startTheme() {
  const button = el("button", { type: "button", class: "theme", onclick: () => say({ theme: said("theme") === "light" ? null : "light" }, { quiet: true }) },
    svg("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, svg("circle", { cx: 12, cy: 12, r: 9 }), svg("path", { d: "M12 3a9 9 0 0 1 0 18Z" })));
  byId("manners").append(button);
  const show = () => {
    const light = said("theme") === "light";
    document.documentElement.dataset.theme = light ? "light" : "dark";
    button.title = t(light ? "manners.dark" : "manners.light");
    button.setAttribute("aria-label", button.title);
    dispatchEvent(new Event("shijing-theme"));
  };
  whenSaid(["theme"], show);
  show();
}
