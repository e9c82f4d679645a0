/** The divisions that this page knows: those of the layers it draws, and what tiles and answers have told of others. */

/* global L */

/**
 * @typedef {{id: number, level: string, name: string, code: string, parent: number | null, bounds: any,
 *   shape?: any, middle?: [number, number]}} Division `bounds` in Leaflet's latitudes and longitudes, null: not drawn;
 *   `shape`: its GeoJSON geometry
 */

/** @type {Map<number, Division>} */
const known = new Map();
/** @type {Map<string, number>} */
const districtByName = new Map();

/** @param {number} id @returns {Division | undefined} */
export const division = (id) => known.get(id);

/** Take a layer of the map: what is no longer in it is forgotten. @param {string} level @param {any} collection */
export function learn(level, collection) {
  for (const [id, one] of known) if (one.level === level && one.shape) known.delete(id);
  if (level === "district") districtByName.clear();
  for (const feature of collection.features) {
    const { id, name, code, district } = feature.properties;
    if (level === "district") districtByName.set(name, id);
    const parent = level === "township" ? (districtByName.get(district) ?? null) : null;
    const shape = feature.geometry ?? undefined;
    const bounds = shape ? (known.get(id)?.bounds ?? boundsOf(shape)) : null; // those that an answer told are not simplified
    known.set(id, { id, level, name, code, parent, shape, bounds, ...(shape && { middle: middle(shape) }) });
  }
}

/** Something that a tile or an answer told; what is drawn is known better. @param {Division} told */
export function remember(told) {
  if (!known.get(told.id)?.shape) known.set(told.id, { ...known.get(told.id), ...told });
}

/** @param {string} level @returns {Division[]} */
export const ofLevel = (level) => [...known.values()].filter((one) => one.level === level);

/** From the district down to it, as far as that is known; empty: unknown. @param {number} id @returns {Division[]} */
export function lineOf(id) {
  const line = [];
  for (let one = known.get(id); one; one = known.get(one.parent ?? -1)) line.unshift(one);
  return line[0]?.level === "district" ? line : [];
}

/** @param {any} shape @returns {any[]} every ring, [lon, lat] in degrees */
export function ringsOf(shape) {
  return shape.type === "Polygon" ? shape.coordinates : shape.coordinates.flat();
}

/** @param {any} shape */
function boundsOf(shape) {
  let [w, s, e, n] = [180, 90, -180, -90];
  for (const ring of ringsOf(shape)) {
    for (const [lon, lat] of ring) {
      if (lon < w) w = lon;
      if (lon > e) e = lon;
      if (lat < s) s = lat;
      if (lat > n) n = lat;
    }
  }
  return L.latLngBounds([s, w], [n, e]);
}

/** The centroid of the largest part. @param {any} shape @returns {[number, number]} latitude, longitude */
function middle(shape) {
  const outer = shape.type === "Polygon" ? [shape.coordinates[0]] : shape.coordinates.map((/** @type {any} */ part) => part[0]);
  return outer.map(centroid).reduce((/** @type {any} */ a, /** @type {any} */ b) => (b.area > a.area ? b : a)).point;
}

/** @param {Array<[number, number]>} ring lon/lat in degrees */
export function centroid(ring) {
  let [area, x, y] = [0, 0, 0];
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const cross = ring[j][0] * ring[i][1] - ring[i][0] * ring[j][1];
    area += cross;
    x += (ring[j][0] + ring[i][0]) * cross;
    y += (ring[j][1] + ring[i][1]) * cross;
  }
  if (area === 0) return { area: 0, point: /** @type {[number, number]} */ ([ring[0][1], ring[0][0]]) };
  return { area: Math.abs(area), point: /** @type {[number, number]} */ ([y / (3 * area), x / (3 * area)]) };
}
