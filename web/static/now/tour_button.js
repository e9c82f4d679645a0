/** The button that begins and ends the tour; where it stands, the verdict of a quiet day says. */

import { el } from "../dom.js";

export const tourButton = el("button", { type: "button", class: "tour-button", id: "tour-button" });
