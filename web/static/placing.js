/** Where labels go: a pure search for places that neither cover each other nor a station. */

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box
 * @typedef {{x: number, y: number, width: number, height: number}} Item the station's point and its label's size, px
 * @typedef {{dx: number, dy: number, endX: number, endY: number}} Place of the label's corner and of its leader's end,
 *   from the station, px
 */

const PIN = 17; // half of a shape and a little air
const TALL = 1100; // px: from this height on signs are twice as large (manners.css)
const RINGS = [0, 26, 58, 96, 140, 190]; // on a narrow view the near ones only: long leaders tangle
const WAYS = 16;

/**
 * A place for each item in the order given, null where there is no room.
 * @param {Item[]} items the most urgent first
 * @param {{width: number, height: number}} view
 * @param {Box[]} taken
 * @returns {Array<Place | null>}
 */
export function place(items, view, taken) {
  const pin = view.height > TALL ? 2 * PIN : PIN;
  const pins = items.map(({ x, y }) => ({ left: x - pin, top: y - pin, right: x + pin, bottom: y + pin }));
  const boxes = [...taken];
  return items.map((item) => {
    for (const candidate of candidates(item, pin, view.width < 700 ? [0, 22, 40] : RINGS)) {
      const box = boxOf(item, candidate);
      const inside = box.left >= 4 && box.top >= 4 && box.right <= view.width - 4 && box.bottom <= view.height - 4;
      if (inside && !boxes.some((other) => meet(box, other)) && !pins.some((other) => meet(box, other))) {
        boxes.push(box);
        return candidate;
      }
    }
    return null;
  });
}

/** Beside the station first, then around it on wider and wider rings. @param {Item} item @param {number} pin @param {number[]} rings */
function* candidates({ width, height }, pin, rings) {
  for (const ring of rings) {
    for (let i = 0; i < WAYS; i++) {
      const turn = ((i % 2 ? 1 : -1) * Math.ceil(i / 2) * 2 * Math.PI) / WAYS; // right, then up and down from there
      const [ux, uy] = [Math.cos(turn), Math.sin(turn)];
      const reach = pin + ring + 2;
      const dx = ux * reach + ((ux - 1) * width) / 2;
      const dy = uy * reach + ((uy - 1) * height) / 2;
      yield { dx, dy, ...nearest(dx, dy, width, height) };
    }
  }
}

/** The point of the label's edge nearest to the station. @param {number} dx @param {number} dy @param {number} w @param {number} h */
function nearest(dx, dy, w, h) {
  return { endX: Math.min(Math.max(0, dx), dx + w), endY: Math.min(Math.max(0, dy), dy + h) };
}

/** @param {Item} item @param {Place} at @returns {Box} */
function boxOf({ x, y, width, height }, { dx, dy }) {
  return { left: x + dx - 3, top: y + dy - 3, right: x + dx + width + 3, bottom: y + dy + height + 3 };
}

/** Whether two boxes overlap. @param {Box} a @param {Box} b */
export function meet(a, b) {
  return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
}
