"""`shijing imagery`: whether the owner's base maps can be drawn."""

from typing import TYPE_CHECKING, Any

import typer

from commands.options import Json, tell

if TYPE_CHECKING:
    from imagery.layers import OwnerLayer
    from imagery.shelf import Shelf

imagery_app = typer.Typer(help="Base maps of the owner's (docs/base-maps.md).", no_args_is_help=True)


@imagery_app.callback()
def _group() -> None:
    """Base maps of the owner's."""


@imagery_app.command()
def check(as_json: Json = False) -> None:
    """Open every configured layer and make a tile of it; 1 where one cannot be drawn, with how to mend it."""
    from config.imagery_settings import ImagerySettings
    from imagery.shelf import Shelf

    shelf = Shelf(ImagerySettings())
    found = [_checked(shelf, layer) for layer in shelf.layers.values()]
    shelf.close()
    lines = [line for one in found for line in _lines(one)] or ["no layer is configured: SHIJING_IMAGERY_LAYERS"]
    tell({"layers": found}, as_json, lines)
    if any(one["wrong"] for one in found):
        raise typer.Exit(1)


def _checked(shelf: "Shelf", layer: "OwnerLayer") -> dict[str, Any]:
    from imagery.errors import ImageryError

    told: dict[str, Any] = {
        "id": layer.id,
        "kind": layer.kind,
        "place": layer.place,
        "datum": layer.datum,
        "approval": layer.approval,
        "wrong": "",
        "advice": [] if layer.approval else ["it has no approval number (审图号): a map shown to the public needs one"],
    }
    try:
        told |= shelf.examined(layer.id)
    except ImageryError as error:
        told["wrong"] = str(error)
    return told


def _lines(one: dict[str, Any]) -> list[str]:
    head = f"{one['id']}  {one['kind']}  {one['datum']}  {one['place']}"
    if one["wrong"]:
        return [head, f"  WRONG: {one['wrong']}"]
    bounds = "bounds are not told" if one["bounds"] is None else " ".join(f"{side:.4f}" for side in one["bounds"])
    return [
        head,
        f"  zoom {one['min_zoom']} to {one['max_zoom']}, {bounds}",
        f"  tile {one['tile']}: {one['media']}, {one['bytes']} bytes",
        *(f"  note: {advice}" for advice in one["advice"]),
    ]
