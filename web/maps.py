"""The Folium maps of all pages: one class, our own Leaflet, no tiles, nothing styled inline."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
from branca.element import Figure
from folium.template import Template
from markupsafe import Markup

_TEMPLATES = Path(__file__).parent / "templates"

# name, z-index, whether it takes clicks; Leaflet's own overlay pane is at 400, markers at 600.
Pane = tuple[str, int, bool]


class CityMap(folium.Map):
    """A Folium map that needs Leaflet only, from our own address; the modules find it as `map_` and its name."""

    _template = Template((_TEMPLATES / "map.html").read_text(encoding="utf-8"))
    scripts: tuple[tuple[str, str], ...] = (("leaflet", "/vendor/leaflet/leaflet.js"),)
    sheets: tuple[tuple[str, str], ...] = (("leaflet_css", "/vendor/leaflet/leaflet.css"),)

    def __init__(self, name: str, *, panes: Sequence[Pane] = (), **options: Any) -> None:
        super().__init__(tiles=None, attribution_control=False, **options)
        self._id = name
        self.default_js, self.default_css = list(self.scripts), list(self.sheets)
        for pane, z_index, clicks in panes:
            folium.map.CustomPane(pane, z_index=z_index, pointer_events=clicks).add_to(self)


class LateMap(CityMap):
    """One that is made once Leaflet is here: the page names it, and is painted before."""

    _template = Template((_TEMPLATES / "late_map.html").read_text(encoding="utf-8"))
    scripts, sheets = (), ()


class EditorMap(CityMap):
    """One with Leaflet-Geoman to draw, and TopoJSON to keep shared borders together."""

    scripts = (
        *CityMap.scripts,
        ("geoman", "/vendor/leaflet-geoman/leaflet-geoman.js"),
        ("topojson_server", "/vendor/topojson/server.js"),
        ("topojson_client", "/vendor/topojson/client.js"),
    )
    sheets = (*CityMap.sheets, ("geoman_css", "/vendor/leaflet-geoman/leaflet-geoman.css"))


@dataclass(frozen=True, kw_only=True)
class MapPieces:
    """What goes into the page's head and body, and the one inline script that makes the map."""

    head: Markup
    html: Markup
    script: Markup


def pieces(city: CityMap) -> MapPieces:
    """The pieces of a map, for a page with a template of its own."""
    figure = Figure()
    figure.add_child(city)
    figure.render()
    head, html, script = (Markup(part.render()) for part in (figure.header, figure.html, figure.script))  # noqa: S704
    return MapPieces(head=head, html=html, script=script)
