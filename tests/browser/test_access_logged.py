"""Every request of a route is in the access log, with who asked and without what a path may hold."""

from config.database import Connection
from tests.browser.conftest import Serve
from tests.browser.test_api import ask


def test_who_asked_for_what_is_logged_by_the_end_of_the_server(city_url: str, city: Connection, serve: Serve) -> None:
    running = serve(city_url)
    assert running.session is not None
    ask(running, "api/sensors/4711/series")
    ask(running, "api/state", {"Cookie": ""})
    ask(running, "static/main.js")
    ask(running, "health")
    running.stop()
    rows = city.execute("select account, method, route, status, address from access_log order by at").fetchall()
    assert rows == [
        (running.session.account_id, "GET", "/api/sensors/{sensor}/series", 404, "127.0.0.1"),
        (None, "GET", "/api/state", 401, "127.0.0.1"),
    ]
