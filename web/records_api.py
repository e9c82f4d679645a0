"""People in need for other programs: numbers, and nothing but numbers."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from web.answers import answers
from web.api import as_json
from web.api_schema import RecordCounts
from web.records_view import counted
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api/records", tags=["records"])


@router.get("/counts", responses=answers(RecordCounts), dependencies=[needs("records.count")])
def record_counts(view: ViewOf, division: Annotated[str, Query(max_length=60)] = "") -> Response:
    """How many there are in a division (its code or name) and in each that lies right below it."""
    found = counted(view, division.strip())
    below = [
        {"code": place.code, "name": place.name, "level": place.level, "total": sum(kinds.values()), "kinds": kinds}
        for place, kinds in found.below
    ]
    whole = None if found.whole is None else vars(found.whole)
    return as_json({"division": found.name or None, "counts": whole, "divisions": below})
