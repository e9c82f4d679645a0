/** The words of the layers beneath the map. */

import { addWords } from "../strings.js";

addWords({
  "ground.layers": { zh: "图层", en: "Layers" },
  "ground.panel": { zh: "底图图层", en: "Layers beneath the map" },
  "ground.opacity": { zh: "{name}：不透明度", en: "{name}: opacity" },
  "ground.derived": { zh: "推算 · 非官方", en: "derived, not official" },
  "ground.noApproval": { zh: "无审图号，不得公开", en: "no approval number: not for the public" },
  "ground.approval": { zh: "审图号 {number}", en: "Approval {number}" },
});
