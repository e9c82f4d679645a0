/**
 * Markers by a flat transform. Leaflet's own is a spatial one, for which the browser makes a layer of each marker and
 * lays all of them over one another in every frame of a pan; without a graphics card that halves the frames.
 */

/* global L */

/** From now on. */
export function flattenMarkers() {
  L.Marker.include({
    /** @this {any} @param {any} place */
    _setPos(place) {
      this._icon._leaflet_pos = place;
      this._icon.style.transform = `translate(${place.x}px, ${place.y}px)`;
      this._zIndex = place.y + this.options.zIndexOffset;
      this._resetZIndex();
    },
  });
}
