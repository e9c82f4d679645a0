/** How the tiles of the near view are painted, and where a grid's name stands. */

import { fillOfGrid, styleOf, valueShort } from "./colouring.js";
import { centroid } from "./divisions.js";
import { colour } from "../palette.js";
import { around, inView, isOutside } from "./path.js";

/** @typedef {{fill?: string, opacity?: number, line?: string, width?: number}} Look */

const FONT = '600 18px "Noto Sans SC Variable", "Noto Sans SC", sans-serif';

/** What is filled: below the roads and the water of the base map. @param {() => Map<number, any>} alerts worst open alert by grid */
export function fills(alerts) {
  return [
    rule("township", ({ id }) => ({ fill: styleOf(id).fillColor, opacity: styleOf(id).fillOpacity })),
    rule("grid", ({ id }) => fillOfGrid(id, alerts()) ?? {}),
  ];
}

/** Lines, what is dimmed, and the outline of what is in view: above them. */
export function lines() {
  return [
    rule("grid", () => ({ line: colour("--district-halo"), width: 0.9 })),
    rule("village", () => ({ line: colour("--district-halo"), width: 1.4 })),
    rule("township", () => ({ line: colour("--district-line"), width: 1.2 })),
    rule("district", () => ({ line: colour("--district-line"), width: 2.2 })),
    rule("township", ({ id }) => (isOutside(id) ? { fill: colour("--ground"), opacity: 0.62 } : {})),
    rule("grid", ({ id }) => (inView()?.level === "grid" && inView()?.id !== id ? { fill: colour("--ground"), opacity: 0.38 } : {})),
    ...["district", "township", "village", "grid"].map((level) => rule(level, ({ id }) => (
      inView()?.id === id ? { line: colour("--text"), width: 3.5 } : {}))),
  ];
}

/** @param {string} level @param {(told: any) => Look} lookOf */
function rule(level, lookOf) {
  return {
    dataLayer: level,
    symbolizer: { draw: (/** @type {any} */ canvas, /** @type {any} */ rings, /** @type {number} */ _, /** @type {any} */ { props }) => paint(canvas, rings, lookOf(props)) },
  };
}

/** @param {CanvasRenderingContext2D} canvas @param {Array<Array<{x: number, y: number}>>} rings @param {Look} look */
function paint(canvas, rings, { fill, opacity = 1, line, width = 1 }) {
  if (!fill && !line) return;
  canvas.beginPath();
  for (const ring of rings) ring.forEach(({ x, y }, i) => (i ? canvas.lineTo(x, y) : canvas.moveTo(x, y)));
  if (fill) {
    canvas.globalAlpha = opacity;
    canvas.fillStyle = fill;
    canvas.fill("evenodd");
  }
  if (!line) return;
  canvas.globalAlpha = 1;
  canvas.strokeStyle = line;
  canvas.lineWidth = width;
  canvas.lineJoin = "round";
  canvas.stroke();
}

/**
 * In the middle of it, if it has room; once, though several tiles hold a piece of it.
 * @param {any} layout of the library @param {Array<Array<{x: number, y: number}>>} rings px @param {any} feature
 */
export function labelOfGrid(layout, rings, { props }) {
  const text = [shortName(props.name), valueShort(props.id, "grids")].filter(Boolean).join(" ");
  layout.scratch.font = FONT;
  const width = layout.scratch.measureText(text).width;
  const xs = rings[0].map(({ x }) => x);
  if (Math.max(...xs) - Math.min(...xs) < width * 0.9) return undefined;
  const [y, x] = centroid(rings[0].map((point) => [point.x, point.y])).point;
  return [{
    anchor: { x, y, dist: (/** @type {any} */ other) => Math.hypot(other.x - x, other.y - y) }, bboxes: [{ minX: x - width / 2, maxX: x + width / 2, minY: y - 11, maxY: y + 11 }],
    deduplicationKey: String(props.id), deduplicationDistance: 4096,
    draw: (/** @type {CanvasRenderingContext2D} */ canvas) => write(canvas, text),
  }];
}

/** Without the township's name, which stands beside it. @param {string} name */
function shortName(name) {
  const township = around("township")?.name ?? "";
  return township && name.startsWith(township) && name.length > township.length ? name.slice(township.length) : name;
}

/** @param {CanvasRenderingContext2D} canvas @param {string} text */
function write(canvas, text) {
  canvas.font = FONT;
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  canvas.globalAlpha = 1;
  canvas.lineWidth = 5;
  canvas.lineJoin = "round";
  canvas.strokeStyle = colour("--halo");
  canvas.strokeText(text, 0, 0);
  canvas.fillStyle = colour("--text");
  canvas.fillText(text, 0, 0);
}
