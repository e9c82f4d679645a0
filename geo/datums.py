"""Old datums of China, and what a layer in them is worth: which transformation is taken, and how good it is.

Beijing 54 and Xi'an 80 lie tens of metres and more from CGCS2000, by parameters that differ from place to place and
that are not published for Chongqing. What is published is taken and its error told; whoever has the parameters names
them: 'EPSG:2412+towgs84=dx,dy,dz' or with seven numbers (metres, arc seconds, parts per million; position vector).
"""

from dataclasses import dataclass
from functools import cache

import pyproj
import pyproj.exceptions
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation

from geo.errors import CrsError

_OWN = "+towgs84="
# EPSG "Beijing 1954 to WGS 84 (1)": made for the Ordos basin, 35-40 degrees north, the inland area that is nearest.
_BEIJING_54 = (12.646, -155.176, -80.863)
_BEIJING_54_CODE, _XIAN_80_CODE, _NEW_BEIJING_CODE = 4214, 4610, 4555


@dataclass(frozen=True, kw_only=True)
class Transformation:
    """How positions of a system become CGCS2000."""

    name: str  # of the system, as EPSG calls it
    operation: str
    accuracy_m: float | None  # None: not known
    zh: str
    en: str


@cache
def system(text: str) -> pyproj.CRS:
    """A system by EPSG code, WKT or PROJ string, with the parameters of its datum; raises CrsError."""
    base, own, numbers = text.partition(_OWN) if not text.lstrip().startswith("+") else (text, "", "")
    try:
        crs = pyproj.CRS(base.strip())
    except pyproj.exceptions.CRSError as error:
        raise CrsError(f"coordinate system {text!r} is unknown: name it as EPSG:4490, GCJ-02 or BD-09") from error
    if own:
        return _bound(crs, _parameters(numbers, text))
    return _bound(crs, _BEIJING_54) if _datum(crs) == _BEIJING_54_CODE else crs


def target_of(crs: pyproj.CRS) -> str:
    """What PROJ converts it to: parameters of a datum lead to WGS 84, which is taken as CGCS2000."""
    return "EPSG:4326" if crs.is_bound else "EPSG:4490"


def transformation(text: str) -> Transformation:
    """What is done with positions of a system, and how good that is; raises CrsError."""
    crs = system(text)
    datum, name = _datum(crs), ((crs.source_crs if crs.is_bound else None) or crs).name
    if _OWN in text and crs.is_bound:
        return Transformation(
            name=name, operation=text.partition("+")[2], accuracy_m=None,
            zh="使用您给出的转换参数。", en="With the parameters that you gave.",
        )  # fmt: skip
    if datum == _BEIJING_54_CODE:
        return Transformation(
            name=name, operation="Beijing 1954 to WGS 84 (1)", accuracy_m=15.0,
            zh="采用公开的鄂尔多斯盆地参数（EPSG），重庆地区误差约 15 米；如有本地七参数请填写。",
            en="With the published parameters of the Ordos basin (EPSG): about 15 m off here;"
            " name your own parameters where you have them.",
        )  # fmt: skip
    if datum in (_XIAN_80_CODE, _NEW_BEIJING_CODE):
        return Transformation(
            name=name, operation="none published", accuracy_m=None,
            zh="没有公开的转换参数，经纬度未做基准面改正，误差可达百米；请填写本地参数。",
            en="No parameters are published: longitude and latitude are taken as they are, which may be some 100 m"
            " off; name your own parameters.",
        )  # fmt: skip
    same = datum in (4490, 4326)
    return Transformation(
        name=name, operation="none needed" if same else "as PROJ does it", accuracy_m=0.1 if same else None,
        zh="与 CGCS2000 相差厘米级。" if same else "按 PROJ 默认方式转换。",
        en="Centimetres from CGCS2000." if same else "As PROJ does it.",
    )  # fmt: skip


def _datum(crs: pyproj.CRS) -> int | None:
    geodetic = ((crs.source_crs if crs.is_bound else None) or crs).geodetic_crs
    code = None if geodetic is None else geodetic.to_epsg(min_confidence=20)
    return {4479: 4490, 4480: 4490, 4979: 4326, 4978: 4326}.get(code or 0, code)


def _bound(crs: pyproj.CRS, parameters: tuple[float, ...]) -> pyproj.CRS:
    if crs.is_bound or crs.geodetic_crs is None:
        return crs
    return BoundCRS(crs, pyproj.CRS("EPSG:4326"), ToWGS84Transformation(crs.geodetic_crs, *parameters))


def _parameters(text: str, whole: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) not in (3, 7):
        raise CrsError(f"{whole!r}: +towgs84= takes three or seven numbers with commas between them")
    return numbers


@dataclass(frozen=True, kw_only=True)
class Datum:
    """One of the datums that layers in China are in, with the EPSG numbers of its systems."""

    zh: str
    en: str
    geographic: int
    zones_3: int  # of zone 25 of the 3-degree zones, the number of the zone before the easting
    meridians_3: int  # the same without it
    zones_6: int  # of zone 13 of the 6-degree zones
    meridians_6: int

    def in_zone(self, *, degrees: int, zone: int, prefixed: bool) -> str:
        """The system of a zone: 3-degree 25 … 45, 6-degree 13 … 23."""
        first = (
            (self.zones_3 if prefixed else self.meridians_3)
            if degrees == 3
            else (self.zones_6 if prefixed else self.meridians_6)
        )
        return f"EPSG:{first + zone - (25 if degrees == 3 else 13)}"


DATUMS = (
    Datum(
        zh="CGCS2000", en="CGCS2000", geographic=4490, zones_3=4513, meridians_3=4534, zones_6=4491, meridians_6=4502
    ),
    Datum(zh="西安 80", en="Xi'an 80", geographic=4610, zones_3=2349, meridians_3=2370, zones_6=2327, meridians_6=2338),
    Datum(
        zh="北京 54", en="Beijing 54", geographic=4214, zones_3=2401, meridians_3=2422, zones_6=21413, meridians_6=21453
    ),
)
