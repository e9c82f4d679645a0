"""The audit for other programs: acts of one's scope, page by page."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from web.answers import answers
from web.api import as_json
from web.api_schema import AuditPage as AuditTold
from web.audit_asked import found
from web.audit_page import RIGHT, Asked, Before
from web.viewing import ViewOf, needs

router = APIRouter(prefix="/api", tags=["audit"])


@router.get("/audit", responses=answers(AuditTold), dependencies=[needs(RIGHT)])
def audit_acts(
    view: ViewOf, asked: Asked, before: Before = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> Response:
    """Acts, newest first: ids and plain facts as written. `next`: the next page's `before`, or null."""
    rows = found(view, asked, before=before, most=limit + 1)
    shown = rows[:limit]
    onward = shown[-1].seq if len(rows) > limit else None
    return as_json({"entries": [vars(row) for row in shown], "next": onward})
