/** Vector tiles as a view needs them: those that it meets, in pixels at its zoom. */

/**
 * @typedef {{zoom: number, left: number, top: number, width: number, height: number}} View in whole pixels of the world at its zoom
 * @typedef {{minX: number, minY: number, maxX: number, maxY: number}} Box
 * @typedef {{geom: Array<Array<{x: number, y: number}>>, bbox: Box, props: any}} Feature in pixels, from the corner of its tile
 * @typedef {{
 *   dataTile: {z: number, x: number, y: number}, origin: {x: number, y: number}, dim: number, scale: 1, clip: Box,
 *   data: {get: (layer: string) => Feature[] | undefined},
 * }} Piece a tile in a view, as the library's labeler wants it; `clip`: in whole pixels, so that no two pieces overlap
 */

/** @type {WeakMap<any, {scale: number, layers: Map<string, Feature[]>}>} as last scaled, by what was read of a tile */
const scaled = new WeakMap();

/** Tiles of one address. */
export class Tiled {
  /**
   * @param {any} library protomaps-leaflet
   * @param {{url: string, maxDataZoom: number, bounds?: [number, number, number, number] | null, wideFrom?: number}} of `bounds`: west,
   *   south, east, north in degrees; `wideFrom` this zoom on a tile is drawn 1,024 px wide and not 512, so that a view needs fewer
   */
  constructor(library, { url, maxDataZoom, bounds = null, wideFrom = Infinity }) {
    this.library = library;
    this.bounds = bounds;
    this.wideFrom = wideFrom;
    [this.tiles, this.wide] = [1, 2].map((levelDiff) => library.sourcesToViews({ url, maxDataZoom, levelDiff }).get(""));
  }

  /** @param {number} zoom */
  tilesAt(zoom) {
    return Math.round(zoom) >= this.wideFrom ? this.wide : this.tiles;
  }

  /**
   * What the view meets: `pieces` grows as tiles come, `all` is done when none is on its way; it tells how many failed.
   * @param {View} view @returns {{pieces: Piece[], all: Promise<number>}}
   */
  piecesOf(view) {
    /** @type {Piece[]} */ const pieces = [];
    const { tileCache } = this.tilesAt(view.zoom);
    const wanted = this.placesIn(view).map((place) => tileCache.get(place.dataTile)
      .then((/** @type {any} */ read) => { pieces.push(pieceOf(place, read, this.library)); return 0; }, () => 1));
    return { pieces, all: Promise.all(wanted).then((failed) => failed.reduce((sum, one) => sum + one, 0)) };
  }

  /** The data of the nearest whole zoom, drawn a little larger or smaller. @param {View} view */
  placesIn({ zoom, left, top, width, height }) {
    const whole = Math.round(zoom);
    const by = 2 ** (zoom - whole);
    const box = { minX: left / by, minY: top / by, maxX: (left + width) / by, maxY: (top + height) / by };
    return this.tilesAt(zoom).dataTilesForBounds(whole, box)
      .filter((/** @type {any} */ { dataTile }) => this.has(dataTile))
      .map((/** @type {any} */ { dataTile, origin, dim, scale }) => ({ dataTile, scale: scale * by, dim: dim * by, origin: { x: origin.x * by, y: origin.y * by } }));
  }

  /** Whether the layer goes as far as a tile. @param {{z: number, x: number, y: number}} tile */
  has({ z, x, y }) {
    if (!this.bounds) return true;
    const [west, south, east, north] = this.bounds;
    const [[minX, minY], [maxX, maxY]] = [share(west, north), share(east, south)];
    return (x + 1) / 2 ** z > minX && x / 2 ** z < maxX && (y + 1) / 2 ** z > minY && y / 2 ** z < maxY;
  }

  /** What stands at a point, of those tiles that have been read. @param {number} lat @param {number} lon @param {number} zoom @returns {Array<{layerName: string, feature: Feature}>} */
  at(lat, lon, zoom) {
    return this.tilesAt(zoom).queryFeatures(lon, lat, zoom, 16);
  }
}

/** Where a place lies in the square of the world (EPSG:3857), 0 to 1. @param {number} lon @param {number} lat degrees */
function share(lon, lat) {
  const sine = Math.sin((lat * Math.PI) / 180);
  return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
}

/** @param {{dataTile: any, origin: {x: number, y: number}, dim: number, scale: number}} place @param {Map<string, any[]>} read @param {any} library @returns {Piece} */
function pieceOf({ dataTile, origin, dim, scale }, read, library) {
  let known = scaled.get(read);
  if (known?.scale !== scale) scaled.set(read, (known = { scale, layers: new Map() }));
  const { layers } = known;
  const get = (/** @type {string} */ layer) => {
    if (!layers.has(layer)) layers.set(layer, (read.get(layer) ?? []).map((feature) => enlarged(feature, scale, library)));
    return layers.get(layer);
  };
  const clip = { minX: Math.round(origin.x), minY: Math.round(origin.y), maxX: Math.round(origin.x + dim), maxY: Math.round(origin.y + dim) };
  return { dataTile, origin, dim, scale: 1, clip, data: { get } };
}

/** @param {any} feature @param {number} scale @param {any} library @returns {Feature} */
function enlarged(feature, scale, library) {
  if (scale === 1) return feature;
  const { minX, minY, maxX, maxY } = feature.bbox;
  const bbox = { minX: minX * scale, minY: minY * scale, maxX: maxX * scale, maxY: maxY * scale };
  return { ...feature, bbox, geom: library.transformGeom(feature.geom, scale, { x: 0, y: 0 }) };
}
