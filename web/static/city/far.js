/** The canvas of the far view: what lies outside of the view is neither projected nor clipped, however much there is. */

/* global L */

const PADDING = 0.25; // of the view's size, drawn around it so that a pan shows something at once

/**
 * Leaflet's own canvas projects all of its paths twice and clips them twice for every change of scale, wherever they
 * are; of a thousand townships a near view has thirty. A path that is away is projected when it comes into view.
 */
const FarCanvas = L.Canvas.extend({
  /** The near view covers it: nothing is drawn until it wakes. */
  rest() {
    this._rests = true;
  },

  wake() {
    if (!this._rests) return;
    this._rests = false;
    if (!this._map) return;
    this._onZoomEnd();
    this._update();
  },

  _update() {
    if (!this._rests || !this._bounds) L.Canvas.prototype._update.call(this); // a path that is added asks for the bounds
  },

  _initPath(/** @type {any} */ path) {
    L.Canvas.prototype._initPath.call(this, path);
    path.isAway = this._rests || !isSeen(path, this._seen());
  },

  /** After a `moveend`, which has made room for what is drawn now. */
  _reset() {
    this._postponeUpdatePaths = false;
    this._updateTransform(this._center, this._zoom);
    this._onZoomEnd();
    this._updatePaths();
  },

  _onZoomEnd() {
    if (this._rests || this._postponeUpdatePaths) return; // a `viewreset` follows
    const seen = this._seen();
    for (const path of Object.values(this._layers)) {
      path.isAway = !isSeen(path, seen);
      path._project();
    }
  },

  _updatePaths() {
    if (this._rests || this._postponeUpdatePaths) return;
    this._redrawBounds = null;
    const seen = this._seen();
    for (const path of Object.values(this._layers)) {
      if (path.isAway && isSeen(path, seen)) {
        path.isAway = false;
        path._project();
      }
      if (!path.isAway) path._update();
    }
    this._redraw();
  },

  _requestRedraw(/** @type {any} */ path) {
    if (!this._rests && !path.isAway) L.Canvas.prototype._requestRedraw.call(this, path);
  },

  _seen() {
    return this._map.getBounds().pad(PADDING + 0.05); // lines are wider than nothing
  },
});

const { _project: project } = L.Polyline.prototype;
L.Polyline.include({
  _project() {
    if (this.isAway) [this._rings, this._parts, this._pxBounds, this._rawPxBounds] = [[], [], null, null];
    else project.call(this);
  },
});

/** @param {any} path @param {any} seen */
function isSeen(path, seen) {
  const bounds = path.getBounds();
  return !bounds.isValid() || seen.intersects(bounds);
}

/** How the paths of the far view are drawn; on one canvas, for each more is laid over the others in every frame of a pan. */
export const FAR = { pane: "townships", renderer: new FarCanvas({ pane: "townships", padding: PADDING }) };
