/** Rings of GeoJSON polygons: looked through, and made anew with other vertices. Nothing is changed in place. */

/**
 * @typedef {[number, number]} Point lon, lat in degrees
 * @typedef {Point[]} Ring closed: the last point is the first
 * @typedef {{ type: "Polygon" | "MultiPolygon", coordinates: any }} Shape
 */

/** @param {Shape} shape @returns {Ring[][]} */
export const polygonsOf = (shape) => (shape.type === "Polygon" ? [shape.coordinates] : shape.coordinates);

/** @param {Shape} shape @returns {Ring[]} */
export const ringsOf = (shape) => polygonsOf(shape).flat();

/** @param {Point} a @param {Point} b */
export const same = (a, b) => a[0] === b[0] && a[1] === b[1];

/** @param {Point} point */
export const keyOf = (point) => `${point[0]},${point[1]}`;

/** As the server keeps coordinates: nine decimals, a tenth of a millimetre. @param {number} value */
export const rounded = (value) => Math.round(value * 1e9) / 1e9;

/**
 * The shape with each ring replaced by what `change` makes of it; the same object where none changed.
 * @param {Shape} shape @param {(ring: Ring) => Ring} change
 * @returns {Shape}
 */
export function withRings(shape, change) {
  let touched = false;
  const polygons = polygonsOf(shape).map((rings) => rings.map((ring) => {
    const made = change(ring);
    if (made !== ring) touched = true;
    return made;
  }));
  if (!touched) return shape;
  return { type: shape.type, coordinates: shape.type === "Polygon" ? polygons[0] : polygons };
}

/** @param {Ring} ring @param {Map<string, Point>} moves by where a vertex was */
export function moved(ring, moves) {
  return ring.some((point) => moves.has(keyOf(point))) ? ring.map((point) => moves.get(keyOf(point)) ?? point) : ring;
}

/** The ring with a chain of its vertices replaced by another with the same ends. @param {Ring} ring @param {Point[]} old @param {Point[]} fresh */
export function rerouted(ring, old, fresh) {
  return along(ring, old, fresh) ?? along(ring, [...old].reverse(), [...fresh].reverse()) ?? ring;
}

/** @param {Ring} ring @param {Point[]} old @param {Point[]} fresh */
function along(ring, old, fresh) {
  const count = ring.length - 1;
  if (old.length > count + 1) return null;
  for (let start = 0; start < count; start += 1) {
    if (!old.every((point, i) => same(ring[(start + i) % count], point))) continue;
    const kept = count - (old.length - 1); // edges of the ring that are not of the chain
    const rest = Array.from({ length: kept }, (_, i) => ring[(start + old.length - 1 + i) % count]);
    const made = [...fresh.slice(0, -1), ...rest];
    return [...made, made[0]];
  }
  return null;
}

/** @param {Ring} ring @param {Point} at */
export function without(ring, at) {
  const left = ring.slice(0, -1).filter((point) => !same(point, at));
  if (left.length === ring.length - 1 || left.length < 3) return ring;
  return [...left, left[0]];
}

/** @type {WeakMap<Shape, [number, number, number, number]>} */
const boxes = new WeakMap();

/** West, south, east, north. @param {Shape} shape */
export function boxOf(shape) {
  const known = boxes.get(shape);
  if (known) return known;
  /** @type {[number, number, number, number]} */ const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const ring of ringsOf(shape)) {
    for (const [x, y] of ring) {
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
  }
  boxes.set(shape, box);
  return box;
}

/** @param {readonly number[]} a @param {readonly number[]} b */
export const meets = (a, b) => a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3];

/** @param {readonly number[]} box @param {Point} point */
export const holds = (box, [x, y]) => box[0] <= x && x <= box[2] && box[1] <= y && y <= box[3];

/** Where a name may stand: the middle of the largest ring's area. @param {Shape} shape @returns {Point} */
export function middleOf(shape) {
  let [best, weight] = [/** @type {Point} */ ([0, 0]), -1];
  for (const [ring] of polygonsOf(shape)) {
    const [x0, y0] = ring[0];
    let [sum, sx, sy] = [0, 0, 0];
    for (let i = 1; i < ring.length; i += 1) {
      const [ax, ay, bx, by] = [ring[i - 1][0] - x0, ring[i - 1][1] - y0, ring[i][0] - x0, ring[i][1] - y0];
      const cross = ax * by - bx * ay;
      sum += cross;
      sx += (ax + bx) * cross;
      sy += (ay + by) * cross;
    }
    if (Math.abs(sum) > weight && sum !== 0) [best, weight] = [[x0 + sx / (3 * sum), y0 + sy / (3 * sum)], Math.abs(sum)];
  }
  return best;
}

/** Whether two edges cross; those that only share an end do not. @param {Point} a @param {Point} b @param {Point} c @param {Point} d */
export function crossing(a, b, c, d) {
  if (same(a, c) || same(a, d) || same(b, c) || same(b, d)) return false;
  const side = (/** @type {Point} */ p, /** @type {Point} */ q, /** @type {Point} */ r) => Math.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0]));
  return side(a, b, c) !== side(a, b, d) && side(c, d, a) !== side(c, d, b);
}
