"""The facilities that come along (scene/data), imported as any other file."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from config.database import Connection
from scene.importing import Asked, SceneReport, import_file

_DATA = Path(__file__).with_name("data")
_FILES = (  # file, kind, source
    ("hospitals_yuzhong.csv", "hospital", "TwoKe945/datav-demos"),
    ("schools_yuzhong.csv", "school", "TwoKe945/datav-demos"),
    ("metro_stations.csv", "transit", "shupengyang/Chongqing-GeoAI"),
)


def import_default_things(connection: Connection, *, now: datetime) -> Iterator[SceneReport]:
    """Each file, on an autocommit connection; what is there already stays as it is."""
    for name, kind, source in _FILES:
        asked = Asked(kind=kind, source=source, licence="MIT", actor=None, now=now)
        yield import_file(connection, name, (_DATA / name).read_bytes(), asked)
