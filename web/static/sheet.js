/**
 * A layer of vector tiles on one canvas for all that is in view.
 *
 * A canvas for each tile of 256 pixels, as libraries make them, is some seventy of them for each layer: without a graphics
 * card each costs a copy, a layer of the browser and a piece of every frame.
 */

/* global L */

/**
 * @typedef {import("./tiled.js").View} View
 * @typedef {import("./tiled.js").Piece} Piece
 * @typedef {{dataLayer: string, minzoom?: number, filter?: (zoom: number, feature: any) => boolean, symbolizer: any}} Rule
 */

const PADDING = 0.12; // of the view's size, painted around it so that a pan shows something at once
const PATIENCE_MS = 200; // then what has come is painted
const DRAGGED_MS = 200; // between two paintings of a drag
const AGAIN_MS = 5_000; // after tiles that did not come
const LABELLED = 256; // tiles whose labels are remembered: more than any wall has in view
const SPILL = 16; // px that lines reach over what they bound

/** `initialize(tiled, {pane, paints, labels})`; fires `read` when all of a view has come, `load` when it is painted. */
export const Sheet = L.Layer.extend({
  /**
   * @param {import("./tiled.js").Tiled} tiled
   * @param {{pane: string, paints: Rule[], labels?: Rule[], turn?: (act: () => void) => void}} options the lowest paint, the most
   *   wanted label first; `turn`: when it is painted after a move, for what can wait; none: at once
   */
  initialize(tiled, options) {
    this._tiled = tiled;
    this._strayedAt = -Infinity;
    this._straying = null;
    L.setOptions(this, { labels: [], turn: (/** @type {() => void} */ act) => act(), ...options });
  },

  getEvents() {
    return { moveend: this._moved, move: this._stray, viewreset: this._follow, zoom: this._follow, zoomanim: this._animate };
  },

  onAdd() {
    this._canvas ??= L.DomUtil.create("canvas", "sheet leaflet-zoom-animated");
    this.getPane().appendChild(this._canvas);
    this._moved();
  },

  onRemove() {
    clearTimeout(this._again);
    clearTimeout(this._straying);
    this._straying = this._asked = this._painted = this._labeler = null;
    this._canvas.remove();
    this._canvas.width = this._canvas.height = 0; // its memory
  },

  _moved() {
    this.options.turn(() => { if (this._map) void this.renew(); });
  },

  /** Paint what is in view now, unless that is painted. */
  async renew() {
    const view = viewOf(this._map);
    if (this._painted && isSame(view, this._painted.view) && this._painted.isWhole) return;
    const asked = (this._asked = { isLate: false });
    const { pieces, all } = this._tiled.piecesOf(view);
    const late = setTimeout(() => {
      asked.isLate = true;
      if (this._asked === asked) this._paint(view, pieces, false);
    }, PATIENCE_MS);
    const failed = await all;
    clearTimeout(late);
    if (this._asked !== asked) return; // it has moved on, or is away
    this._asked = null;
    this.fire("read");
    this._paint(view, pieces, failed === 0);
    this.fire("load");
    clearTimeout(this._again);
    if (failed) this._again = setTimeout(() => void this.renew(), AGAIN_MS);
  },

  /** While somebody drags the map: now and then what has come into view is painted before they let go. */
  _stray() {
    if (this._straying || !this._painted || this._map.getZoom() !== this._painted.view.zoom) return;
    if (covers(this._painted.view, seenOf(this._map))) return;
    const wait = Math.max(0, this._strayedAt + DRAGGED_MS - performance.now()); // then where it is by then, also when it has stood still
    this._straying = setTimeout(() => {
      this._straying = null;
      this._strayedAt = performance.now();
      void this.renew();
    }, wait);
  },

  /** The same once more: colours have changed. @param {{relabel?: boolean}} [how] relabel: names look for places anew */
  repaint({ relabel = false } = {}) {
    if (relabel) this._labeler = null;
    if (this._asked && !this._asked.isLate) return; // it is about to be painted
    if (this._painted) this._paint(this._painted.view, this._painted.pieces, this._painted.isWhole);
  },

  /** @param {View} view @param {Piece[]} pieces @param {boolean} isWhole */
  _paint(view, pieces, isWhole) {
    this._painted = { view, pieces: [...pieces], isWhole };
    const canvas = this._canvas;
    canvas.dataset.zoom = isWhole ? view.zoom : ""; // of what is painted without a gap
    const context = cleared(canvas, view);
    context.miterLimit = 2;
    for (const piece of pieces) paintPiece(context, piece, view, this.options.paints);
    if (this.options.labels.length) this._write(context, view, pieces);
    this._follow();
  },

  /** @param {CanvasRenderingContext2D} context @param {View} view @param {Piece[]} pieces */
  _write(context, view, pieces) {
    const zoom = Math.round(view.zoom);
    if (this._labeler?.zoom !== view.zoom) this._labeler = { zoom: view.zoom, of: new this._tiled.library.Labeler(zoom, context, this.options.labels, LABELLED) };
    this._labeler.of.add(new Map([["", pieces]]));
    for (const { anchor, draw } of this._labeler.of.index.searchBbox(boxOf(view), Infinity)) {
      context.save();
      context.translate(anchor.x - view.left, anchor.y - view.top);
      draw(context);
      context.restore();
    }
  },

  /** It stays where it belongs on the map until the next is painted. */
  _follow() {
    if (!this._painted) return;
    const { zoom, left, top } = this._painted.view;
    const corner = this._map.project(this._map.unproject([left, top], zoom), this._map.getZoom()).subtract(this._map.getPixelOrigin());
    this._place(corner, this._map.getZoomScale(this._map.getZoom(), zoom));
  },

  /** @param {{center: any, zoom: number}} to */
  _animate({ center, zoom }) {
    if (!this._painted) return;
    const { view } = this._painted;
    this._place(this._map._latLngToNewLayerPoint(this._map.unproject([view.left, view.top], view.zoom), zoom, center), this._map.getZoomScale(zoom, view.zoom));
  },

  /** @param {{x: number, y: number}} corner px of Leaflet's layers @param {number} scale */
  _place({ x, y }, scale) {
    this._canvas.style.transform = `translate(${x}px, ${y}px)${scale === 1 ? "" : ` scale(${scale})`}`;
  },
});

/** Its memory is kept from one painting to the next: new memory costs more than to clear it. @param {HTMLCanvasElement} canvas @param {View} view */
function cleared(canvas, { width, height }) {
  const ratio = globalThis.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across || canvas.height !== down) {
    [canvas.width, canvas.height] = [across, down];
    [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
  }
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** @param {any} map @returns {View} */
function seenOf(map) {
  const { x: width, y: height } = map.getSize();
  const { min } = map.getPixelBounds();
  return { zoom: map.getZoom(), left: Math.round(min.x), top: Math.round(min.y), width, height };
}

/** What is to be painted: what is seen, and a little around it. @param {any} map @returns {View} */
function viewOf(map) {
  const { zoom, left, top, width, height } = seenOf(map);
  const [beside, above] = [Math.round(width * PADDING), Math.round(height * PADDING)];
  return { zoom, left: left - beside, top: top - above, width: width + 2 * beside, height: height + 2 * above };
}

/** @param {View} whole @param {View} part of the same zoom */
const covers = (whole, part) => part.left >= whole.left && part.top >= whole.top
  && part.left + part.width <= whole.left + whole.width && part.top + part.height <= whole.top + whole.height;

/** @param {View} a @param {View} b */
const isSame = (a, b) => a.zoom === b.zoom && a.left === b.left && a.top === b.top && a.width === b.width && a.height === b.height;

/** @param {View} view */
const boxOf = ({ left, top, width, height }) => ({ minX: left, minY: top, maxX: left + width, maxY: top + height });

/** @param {CanvasRenderingContext2D} context @param {Piece} piece @param {View} view @param {Rule[]} paints */
function paintPiece(context, { clip, origin, data }, view, paints) {
  const seen = boxOf(view);
  context.save();
  context.beginPath();
  context.rect(clip.minX - view.left, clip.minY - view.top, clip.maxX - clip.minX, clip.maxY - clip.minY);
  context.clip();
  context.translate(origin.x - view.left, origin.y - view.top); // pixels of the world are too many for a canvas's floats
  for (const { dataLayer, minzoom = 0, filter, symbolizer } of paints) {
    if (Math.round(view.zoom) < minzoom) continue;
    symbolizer.before?.(context, view.zoom);
    for (const feature of data.get(dataLayer) ?? []) {
      const { minX, minY, maxX, maxY } = feature.bbox;
      if (origin.x + maxX < seen.minX - SPILL || origin.x + minX > seen.maxX + SPILL || origin.y + maxY < seen.minY - SPILL || origin.y + minY > seen.maxY + SPILL) continue;
      if (filter && !filter(view.zoom, feature)) continue;
      symbolizer.draw(context, feature.geom, view.zoom, feature);
    }
  }
  context.restore();
}
