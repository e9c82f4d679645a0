"""The file that tells of the owner's layers, and the shelf that they stand on."""

import json
import logging
import re
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from commands.imagery import imagery_app
from config.errors import ConfigError
from config.imagery_settings import ImagerySettings
from imagery.errors import LayerBroken, LayerUnknown
from imagery.layers import read_layers
from imagery.shelf import Shelf
from tests.unit.imagery_files import png, write_mbtiles

GOOD = 'id = "air"\nzh = "影像"\nen = "Image"\nkind = "mbtiles"\npath = "a.mbtiles"\n'
SERVICE = (
    'id = "tdt"\nzh = "影像"\nen = "Image"\nkind = "wmts"\nurl = "https://map.example/img_w/wmts"\nlayer = "img"\n'
)


def told(folder: Path, *layers: str) -> Path:
    file = folder / "layers.toml"
    file.write_text("\n".join(f"[[layer]]\n{one}" for one in layers), encoding="utf-8")
    return file


def shelf(folder: Path, *layers: str) -> Shelf:
    return Shelf(ImagerySettings(layers=told(folder, *layers), cache=folder / "cache"))


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([GOOD, GOOD], ["layers 1 and 2", "'air'"]),
        ([GOOD.replace('"air"', '"a/b"')], ["layer 1", "'a/b'", "small letters"]),
        ([GOOD.replace('"air"', '"base"')], ["is not base"]),
        ([GOOD + "min_zoom = 15\nmax_zoom = 9"], ["min_zoom = 15 and max_zoom = 9"]),
        ([GOOD + "opacity = 2"], ["opacity = 2"]),
        ([GOOD + "bounds = [107.0, 29.0, 106.0, 30.0]"], ["bounds = [107.0, 29.0, 106.0, 30.0]", "west, south"]),
        ([GOOD + 'url = "http://x/{z}"'], ["needs path and no url", "'a.mbtiles'", "'http://x/{z}'"]),
        ([GOOD.replace('mbtiles"\npath', 'shapefile"\npath')], ["'shapefile'"]),
        ([GOOD + "colour = 1"], ["colour"]),
        ([GOOD + 'datum = "beijing54"'], ["beijing54"]),
        ([SERVICE.replace("https", "ftp")], ["ftp://map.example", "one host"]),
        ([SERVICE.replace("map.example", "{s}.example")], ["one host"]),
        ([SERVICE.replace("map.example", "me:secret@map.example")], ["has a password in it"]),
        ([SERVICE.replace('layer = "img"', "")], ["names no tile, so layer is needed"]),
        ([SERVICE.replace("/wmts", "/{z}/{x}")], ["must name {z}, {x} and {y}"]),
        ([SERVICE + 'key_file = "nowhere"'], ["key_file = 'nowhere'", "there is no file"]),
        (["id = "], ["layers.toml"]),
    ],
)
def test_what_is_wrong_is_told_with_both_values(tmp_path: Path, layers: list[str], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        read_layers(told(tmp_path, *layers))
    assert all(word in str(caught.value) for word in [*words, "SHIJING_IMAGERY_LAYERS="])
    assert "secret" not in str(caught.value)


def test_no_file_is_no_layer_and_a_wrong_path_is_told(tmp_path: Path) -> None:
    assert read_layers(None) == [] and ImagerySettings(layers="").layers is None
    with pytest.raises(ConfigError, match=r"SHIJING_IMAGERY_LAYERS=.*nowhere.*mend the path"):
        read_layers(tmp_path / "nowhere.toml")


def test_a_path_begins_at_the_file_that_tells_of_it(tmp_path: Path) -> None:
    (one,) = read_layers(told(tmp_path, GOOD))
    assert one.path == tmp_path / "a.mbtiles"


def test_one_that_is_broken_takes_no_other_with_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_mbtiles(tmp_path / "a.mbtiles", {(9, 407, 211): png((1, 2, 3)), (9, 408, 211): b"rubbish"})
    (tmp_path / "b.mbtiles").write_bytes(b"no archive")
    both = shelf(tmp_path, GOOD, GOOD.replace("air", "bad").replace("a.mbtiles", "b.mbtiles"))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [layer.id for layer, _ in both.usable()] == ["air"]
            assert both.tile("air", 9, 407, 211) is not None
            assert both.tile("air", 9, 408, 211) is None and both.tile("bad", 9, 407, 211) is None
    assert both.faults == {"air": 3, "bad": 3}
    assert sorted(record.args[0] for record in caplog.records) == ["air", "bad"]  # type: ignore[index]
    both.close()


def test_outside_of_its_zooms_and_bounds_nothing_is_read(tmp_path: Path) -> None:
    write_mbtiles(tmp_path / "a.mbtiles", {(9, 407, 211): png((1, 2, 3)), (9, 1, 1): png((1, 2, 3))})
    some = shelf(tmp_path, GOOD + "bounds = [105.0, 28.0, 110.0, 33.0]\nmax_zoom = 12")
    assert some.tile("air", 9, 407, 211) is not None
    assert some.tile("air", 9, 1, 1) is None and some.tile("air", 4, 0, 0) is None
    with pytest.raises(LayerUnknown, match="air"):
        some.ask("a/b", 9, 407, 211)
    some.close()


def test_a_file_that_comes_late_or_changes_is_opened_again(tmp_path: Path) -> None:
    one = shelf(tmp_path, GOOD)
    assert one.usable() == []
    write_mbtiles(tmp_path / "a.mbtiles", {(9, 407, 211): png((1, 2, 3))})
    (found,) = one.usable()
    assert found[1].max_zoom == 9
    before = one.tile("air", 9, 407, 211)
    with sqlite3.connect(tmp_path / "a.mbtiles") as sheet:
        sheet.execute("update tiles set tile_data = ?", (png((9, 9, 9)) + bytes(9000),))
    sheet.close()
    after = one.tile("air", 9, 407, 211)
    assert before is not None and after is not None and before.body != after.body
    one.close()


def test_a_check_tells_what_is_there_and_what_is_not(tmp_path: Path) -> None:
    write_mbtiles(tmp_path / "a.mbtiles", {(9, 407, 211): png((1, 2, 3))}, bounds="106.2,29.6,106.8,30.1")
    one = shelf(tmp_path, GOOD)
    told = one.examined("air")
    assert (told["min_zoom"], told["max_zoom"], told["tile"], told["media"]) == (9, 9, "9/407/211", "image/png")
    far = shelf(tmp_path, GOOD + "bounds = [100.0, 28.0, 101.0, 29.0]")
    with pytest.raises(LayerBroken, match="do bounds and zooms say where it is"):
        far.examined("air")
    one.close()
    far.close()


def test_the_command_ends_with_one_and_says_how_to_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_mbtiles(tmp_path / "a.mbtiles", {(9, 407, 211): png((1, 2, 3))}, bounds="106.2,29.6,106.8,30.1")
    file = told(tmp_path, GOOD, GOOD.replace("air", "bad").replace("a.mbtiles", "b.mbtiles"))
    monkeypatch.setenv("SHIJING_IMAGERY_LAYERS", str(file))
    answer = CliRunner().invoke(imagery_app, ["check"])
    assert answer.exit_code == 1
    assert "zoom 9 to 9, 106.2000 29.6000 106.8000 30.1000" in answer.output and "image/png" in answer.output
    assert re.search(r"WRONG: .*b\.mbtiles: there is no such file: mend path", answer.output)
    told(tmp_path, GOOD)
    answer = CliRunner().invoke(imagery_app, ["check", "--json"])
    assert answer.exit_code == 0 and json.loads(answer.output)["layers"][0]["tile"] == "9/407/211"
