"""The newest back-test report, where the settings name the folder that `shijing backtest --out` writes to."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from web.errors import ReportUnknownError
from web.parts import PartsOf
from web.viewing import needs

router = APIRouter()

# The report has its style in itself, so that it can be sent and printed; nothing else.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_BACK = '<body>\n<p class="back"><a href="/">‹ 实景图 <span lang="en">Map</span></a></p>'


@router.get("/backtest", response_class=HTMLResponse, dependencies=[needs("rules.try", everywhere=True)])
def report(parts: PartsOf) -> HTMLResponse:
    """The report as it was written, with a way back; raises ReportUnknownError where there is none."""
    file = parts.settings.backtest_report
    if file is None:
        raise ReportUnknownError
    text = file.read_text(encoding="utf-8").replace("<body>", _BACK, 1)
    return HTMLResponse(text, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"})
