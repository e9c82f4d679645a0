"""Tiles that are stored ready made, of three forms; and what is no such thing."""

from pathlib import Path

import pytest
from pmtiles.tile import TileType

from imagery.archives import TileFolder, TileSheet, TilesInOne
from imagery.errors import LayerBroken, TileRefused
from imagery.source import Source
from tests.unit.imagery_files import Tiles, png, write_folder, write_mbtiles, write_pmtiles

# Of places that are not the same when rows are counted from the other side.
TILES: Tiles = {(9, 407, 211): png((200, 0, 0)), (9, 408, 211): png((0, 200, 0)), (10, 815, 423): png((0, 0, 200))}


def opened(kind: str, folder: Path) -> Source:
    if kind == "folder":
        write_folder(folder / "tiles", TILES)
        return TileFolder(folder / "tiles")
    if kind == "tms":
        write_folder(folder / "tms", {(z, x, 2**z - 1 - y): body for (z, x, y), body in TILES.items()})
        return TileFolder(folder / "tms", "tms")
    if kind == "mbtiles":
        write_mbtiles(folder / "a.mbtiles", TILES, format="png", bounds="106.2,29.1,106.8,29.8")
        return TileSheet(folder / "a.mbtiles")
    write_pmtiles(folder / "a.pmtiles", TILES)
    return TilesInOne(folder / "a.pmtiles")


@pytest.mark.parametrize("kind", ["folder", "tms", "mbtiles", "pmtiles"])
def test_a_tile_is_where_it_was_put(kind: str, tmp_path: Path) -> None:
    source = opened(kind, tmp_path)
    for (z, x, y), body in TILES.items():
        found = source.tile(z, x, y)
        assert found is not None and found.body == body and found.media == "image/png"
    assert source.tile(9, 407, 212) is None and source.tile(10, 0, 0) is None
    assert (source.extent.min_zoom, source.extent.max_zoom) == (9, 10)
    if kind in ("mbtiles", "pmtiles"):
        assert source.extent.bounds == (106.2, 29.1, 106.8, 29.8)


def test_vector_tiles_are_refused_with_what_to_do(tmp_path: Path) -> None:
    write_mbtiles(tmp_path / "v.mbtiles", {(9, 1, 1): b"\x1f\x8b"}, format="pbf")
    write_pmtiles(tmp_path / "v.pmtiles", {(9, 1, 1): b"\x1f\x8b"}, TileType.MVT)
    for kind, name in ((TileSheet, "v.mbtiles"), (TilesInOne, "v.pmtiles")):
        with pytest.raises(LayerBroken, match=r"vector tiles.*render them first"):
            kind(tmp_path / name)


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    whole = tmp_path / "whole.pmtiles"
    write_pmtiles(whole, TILES)
    rubbish = [b"", b"SQLite format 3\0 cut off", b"PMTiles\x03", b"PMTiles\x02" + bytes(200), whole.read_bytes()[:90]]
    for number, body in enumerate(rubbish):
        file = tmp_path / str(number)
        file.write_bytes(body)
        for kind in (TileSheet, TilesInOne):
            with pytest.raises(LayerBroken, match=str(file)):
                kind(file)
    for missing in (TileFolder, TileSheet, TilesInOne):
        with pytest.raises(LayerBroken, match="mend path"):
            missing(tmp_path / "nowhere")
    with pytest.raises(LayerBroken, match="no folder that is named for a zoom"):
        TileFolder(tmp_path)


def test_a_broken_tile_is_refused_and_the_next_is_not(tmp_path: Path) -> None:
    write_mbtiles(tmp_path / "a.mbtiles", {**TILES, (9, 1, 1): b"<html>", (9, 1, 2): bytes(5 << 20)})
    sheet = TileSheet(tmp_path / "a.mbtiles")
    with pytest.raises(TileRefused, match="no PNG, JPEG or WebP"):
        sheet.tile(9, 1, 1)
    with pytest.raises(TileRefused, match="are the most"):
        sheet.tile(9, 1, 2)
    assert sheet.tile(9, 407, 211) is not None
    whole = tmp_path / "whole.pmtiles"
    write_pmtiles(whole, TILES)
    whole.write_bytes(whole.read_bytes()[:-300])  # the header and directories stay
    cut = TilesInOne(whole)
    with pytest.raises(TileRefused, match="are there"):
        for place in sorted(TILES):
            cut.tile(*place)
