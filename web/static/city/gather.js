/** Signs that would cover one another become one: a pure function over points on the screen. */

/**
 * @template T
 * @typedef {{x: number, y: number, of: T[]}} Gathered of: the most urgent first
 */

/**
 * Each point joins the first one, in the order given, that is nearer than `radius`; where the sign stands is that one's place.
 * @template T
 * @param {Array<{x: number, y: number, of: T}>} points the most urgent first, px
 * @param {number} radius px
 * @returns {Array<Gathered<T>>}
 */
export function gather(points, radius) {
  /** @type {Array<Gathered<T>>} */ const signs = [];
  /** @type {Map<string, Array<Gathered<T>>>} */ const cells = new Map();
  const cell = (/** @type {number} */ value) => Math.floor(value / radius);
  for (const { x, y, of } of points) {
    const near = around(cells, cell(x), cell(y)).find((sign) => Math.hypot(sign.x - x, sign.y - y) < radius);
    if (near) {
      near.of.push(of);
      continue;
    }
    const sign = { x, y, of: [of] };
    signs.push(sign);
    const key = `${cell(x)} ${cell(y)}`;
    cells.set(key, [...(cells.get(key) ?? []), sign]);
  }
  return signs;
}

/** @template T @param {Map<string, T[]>} cells @param {number} x @param {number} y @returns {T[]} */
function around(cells, x, y) {
  return [-1, 0, 1].flatMap((dx) => [-1, 0, 1].flatMap((dy) => cells.get(`${x + dx} ${y + dy}`) ?? []));
}
