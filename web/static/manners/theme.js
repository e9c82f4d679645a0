/** Dark for a room at night, light for one with windows: a key of the address, and a button. */

import { byId, el } from "../dom.js";
import { said, say, whenSaid } from "../address.js";
import { t } from "../strings.js";

/** Follow the address from now on. */
export function startTheme() {
  const button = el("button", { type: "button", class: "theme", onclick: () => say({ theme: said("theme") === "light" ? null : "light" }, { quiet: true }) });
  byId("manners").append(button);
  const show = () => {
    const light = said("theme") === "light";
    document.documentElement.dataset.theme = light ? "light" : "dark";
    button.textContent = t(light ? "manners.dark" : "manners.light");
    dispatchEvent(new Event("shijing-theme"));
  };
  whenSaid(["theme"], show);
  show();
}
