"""What the pages of an import of boundaries work on: a file that was sent, read once, and what was chosen for it."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from boundaries.layer_uploads import Upload, upload_of
from config.database import Connection
from geo.conflation import Conflation, Wishes, conflate
from geo.errors import CrsError, LayerError
from geo.layer_faults import LayerFault
from geo.layer_file import Feature, LayerFields, features_of
from geo.layer_fit import parse_key
from geo.layer_guess import Guesses, guess
from geo.layer_known import read_known
from geo.layer_table import Table
from web.errors import UploadUnknownError
from web.pages import Language
from web.viewing import View

Level = Literal["city", "district", "township", "grid", ""]
_SYSTEM = re.compile(r"^(EPSG:[0-9]{4,6}(\+towgs84=[-0-9.,]{1,120})?|GCJ-02|BD-09)( yx)?$")
Field_ = Field(None, max_length=80)


class Chosen(BaseModel):
    """What somebody chose; nothing: as it was guessed."""

    model_config = ConfigDict(extra="ignore")

    lang: Language = "zh"
    layer: str = Field("", max_length=200)
    encoding: str = Field("", max_length=20)
    crs: str = Field("", max_length=4000)  # a key of geo.layer_fit
    own_crs: str = Field("", max_length=4000)  # any system by name, before the one of the list
    level: Level = ""
    # Fields of the file by role; None: as guessed, "": none.
    name: str | None = Field_
    code: str | None = Field_
    parent: str | None = Field_
    district: str | None = Field_
    kind: str | None = Field_
    households: str | None = Field_
    tolerance: float = Field(1.0, ge=0, le=20)  # metres
    root: int | None = Field(None, ge=1, le=2**31 - 1)
    gone: bool = False  # what the layer does not have is removed
    derived: bool = False  # its lines are no official ones

    def said(self) -> list[tuple[str, object]]:
        """What was chosen; of a field also that it is none."""
        told = self.model_dump(mode="json").items()
        return [one for one in told if one[1] not in (None, False) and (one[1] or one[0] in self.fields())]

    def query(self) -> str:
        """As the next page is asked for."""
        return urlencode(self.said())

    def fields(self) -> dict[str, str | None]:
        return {role: getattr(self, role) for role in ("name", "code", "parent", "district", "kind", "households")}


def chosen_of(text: str) -> Chosen:
    """What a form carries on from the page before it; raises LayerError for what no page of ours sends."""
    try:
        return Chosen.model_validate(dict(parse_qsl(text, keep_blank_values=True)))
    except ValidationError as error:
        raise LayerError("these choices are none of ours: begin again", "选择无效，请重新开始。") from error


@dataclass(frozen=True, kw_only=True)
class Look:
    """A layer as it is taken: what was guessed of it, and what holds after the choices."""

    upload: Upload
    table: Table
    guesses: Guesses
    chosen: Chosen
    crs: str  # the key that holds
    level: str
    fields: dict[str, str]

    def features(self) -> tuple[list[Feature], tuple[LayerFault, ...]]:
        """Its rows as features; raises LayerError, CrsError."""
        if not self.crs:
            raise LayerError("name the coordinate system of the layer", "请选择或填写图层的坐标系。")
        # PROJ knows more ways to name one, some of which name files of this machine.
        if self.crs not in {one.value for one in self.guesses.crs.options} and not _SYSTEM.match(self.crs):
            raise CrsError(
                f"coordinate system {self.crs[:60]!r} is unknown: name it as EPSG:4490, GCJ-02 or BD-09",
                "坐标系无法识别，请填写 EPSG 代码（如 EPSG:4490）、GCJ-02 或 BD-09。",
            )
        way = parse_key(self.crs)
        return features_of(self.table, crs=way.crs, swapped=way.swapped, fields=LayerFields(**self.fields))


def own_upload(view: View, upload_id: UUID) -> Upload:
    """A file of whoever asks; raises UploadUnknownError for any other."""
    with view.acting() as connection:
        found = upload_of(connection, view.viewer.account_id, upload_id, now=view.parts.clock())
    if found is None:
        raise UploadUnknownError
    return found


def look_at(view: View, upload: Upload, chosen: Chosen) -> Look:
    """Read it, guess, and take what was chosen instead; raises LayerError."""
    table = view.parts.layer_tables.of(upload, chosen.layer, chosen.encoding)
    with view.connection() as connection:
        known = read_known(connection, view.parts.clock())
    found = guess(table, known)
    said = chosen.fields()
    fields = {role: one.value if said[role] is None else said[role] or "" for role, one in found.fields.items()}
    return Look(
        upload=upload, table=table, guesses=found, chosen=chosen, fields=fields,
        crs=chosen.own_crs.strip() or chosen.crs or found.crs.value, level=chosen.level or found.level.value,
    )  # fmt: skip


def check(connection: Connection, look: Look, view: View) -> Conflation:
    """Hold it against what is there; raises LayerError, CrsError."""
    features, faults = look.features()
    wishes = Wishes(
        level=look.level, tolerance_m=look.chosen.tolerance, root_id=look.chosen.root, remove_gone=look.chosen.gone
    )
    return conflate(connection, features, wishes, rows=look.table.rows, faults=faults, at=view.parts.clock())
