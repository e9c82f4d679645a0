/** One chart on a canvas: drawn anew when its box, the theme or what it shows has changed. */

import { init } from "/vendor/echarts/echarts.js";

/** @type {Set<() => void>} */
const drawn = new Set();
const again = () => { for (const draw of drawn) draw(); };
addEventListener("shijing-theme", again);
document.fonts.addEventListener("loadingdone", again); // the font comes in pieces, as characters are first drawn

/**
 * @param {HTMLElement} node with a height of its own
 * @param {() => any} option asked for at each drawing, for the colours of then
 * @returns {() => void} ends it
 */
export function chart(node, option) {
  const made = init(node, null, { renderer: "canvas" });
  const draw = () => made.setOption(option(), { notMerge: true });
  const watch = new ResizeObserver(() => {
    if (!node.clientWidth) return; // hidden behind its table
    made.resize();
    draw();
  });
  draw();
  watch.observe(node);
  drawn.add(draw);
  return () => {
    drawn.delete(draw);
    watch.disconnect();
    made.dispose();
  };
}
