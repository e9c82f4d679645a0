"""Who asks, and what they may: each route declares the one right that it needs, and gets a view of that right's scope.

A route without a declaration does not start (`check_declared`). Reading goes by `View.connection`, which
shows nothing beyond the scope; what changes something asks there first whether it may be seen at all.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Annotated, Any, Literal, cast

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount

from access.credentials import is_same
from access.rights import RIGHTS
from access.scope import Scope
from access.sessions import viewer_of_session, viewer_of_token
from access.viewer import Viewer
from config.database import Connection
from web.errors import CsrfError, ForbiddenError, MustChangeError, SignInNeededError
from web.parts import Parts, parts_of

DATABASE_WAIT_S = 3.0
COOKIE, SECURE_COOKIE = "shijing", "__Host-shijing"
CSRF_HEADER = "x-csrf-token"
# Served to anybody: they are in the repository.
PUBLIC_MOUNTS = {"/static", "/vendor"}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_SAFE_SITES = {"same-origin", "none"}

Kept = Literal["public", "signed_in"]


@dataclass(frozen=True, kw_only=True)
class View:
    """Somebody's request: who, where the route's right reaches, and the way to what it shows."""

    viewer: Viewer
    right: str
    scope: Scope
    parts: Parts

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """An autocommit connection that shows no more than the scope, and changes nothing."""
        with self.parts.scoped.connection(self.scope, DATABASE_WAIT_S) as connection:
            yield connection

    @contextmanager
    def acting(self) -> Iterator[Connection]:
        """A connection that may change things: for what was found to be in the scope before."""
        with self.parts.pool.connection(DATABASE_WAIT_S) as connection:
            yield connection

    def may(self, right: str) -> bool:
        """Whether the viewer has that right anywhere."""
        return bool(self.viewer.scope(right, self.parts.roles))


class Needs:
    """A dependency of a route: somebody signed in, with a right somewhere; `everywhere`: with it for everything.

    Raises SignInNeededError, ForbiddenError, MustChangeError, and CsrfError for a change that no page of ours sent.
    """

    def __init__(self, right: str, *, everywhere: bool = False) -> None:
        assert right in RIGHTS, right
        self.right = right
        self.everywhere = everywhere

    def __call__(self, request: Request) -> View:
        parts = parts_of(request)
        viewer = signed_in(request, parts)
        scope = viewer.scope(self.right, parts.roles)
        if not scope:
            raise ForbiddenError(self.right)
        if self.everywhere and not scope.everywhere:
            raise ForbiddenError(self.right, everywhere=True)
        request.state.view = View(viewer=viewer, right=self.right, scope=scope, parts=parts)
        return request.state.view  # type: ignore[no-any-return]


class Open:
    """A dependency of a route that declares that no right is needed: `public`, or `signed_in` for one's own things."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def __call__(self, request: Request) -> None:
        if self.kept == "signed_in":
            request.state.viewer = signed_in(request, parts_of(request), must_change_too=True)


def needs(right: str, *, everywhere: bool = False) -> Any:
    """For `dependencies=[…]` of a route."""
    return Depends(Needs(right, everywhere=everywhere))


def open_to(kept: Kept) -> Any:
    """The same for a route that needs no right."""
    return Depends(Open(kept))


def _view(request: Request) -> View:
    return cast(View, request.state.view)


def _viewer(request: Request) -> Viewer:
    return cast(Viewer, request.state.viewer)


ViewOf = Annotated[View, Depends(_view)]
OwnViewer = Annotated[Viewer, Depends(_viewer)]


def signed_in(request: Request, parts: Parts, *, must_change_too: bool = False) -> Viewer:
    """Whoever asks, by the API token or the session's cookie; raises SignInNeededError and the like."""
    viewer = viewer_of(request, parts)
    if viewer is None:
        raise SignInNeededError("sign in first")
    request.state.account = viewer.account_id
    if request.method not in _SAFE_METHODS and viewer.csrf:
        check_csrf(request, viewer)
    if viewer.must_change and not must_change_too:
        raise MustChangeError("the password was given by somebody else: change it first, at /account")
    return viewer


def viewer_of(request: Request, parts: Parts) -> Viewer | None:
    """The account behind a request, where there is one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    now = datetime.now(UTC)
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        if kind.lower() == "bearer":
            return viewer_of_token(connection, token.strip(), now=now)
        secret = request.cookies.get(cookie_name(request))
        return viewer_of_session(connection, secret, now=now) if secret else None


def cookie_name(request: Request) -> str:
    """By TLS one that no other host and no plain page can set."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def check_csrf(request: Request, viewer: Viewer) -> None:
    """Raise CsrfError for a change that a page of another site may have caused."""
    check_origin(request)
    told = request.headers.get(CSRF_HEADER, "")
    if not is_same(told, viewer.csrf):
        raise CsrfError(f"the header {CSRF_HEADER} is missing or of another session: load the page again")


def check_origin(request: Request) -> None:
    """Browsers name the page that asks; raises CsrfError where that is one of another site."""
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host')}":
        raise CsrfError("the request comes from a page of another site")
    if request.headers.get("sec-fetch-site", "none") not in _SAFE_SITES:
        raise CsrfError("the request comes from a page of another site")


def is_this_machine(request: Request) -> bool:
    """Whether a request comes from the machine itself, and by no proxy."""
    if "x-forwarded-for" in request.headers or "forwarded" in request.headers or request.client is None:
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What a route asks of whoever calls it."""

    method: str
    path: str
    right: str  # a right, or `public`, or `signed_in`
    everywhere: bool = False


def declared(app: FastAPI) -> list[Declared]:
    """Every route with what it declares, in their order; raises LookupError for one that declares nothing."""
    return [one for route in app.routes for one in _of(route)]


def _of(route: BaseRoute) -> Iterable[Declared]:
    if isinstance(route, Mount) and route.path in PUBLIC_MOUNTS:
        return [Declared(method="GET", path=f"{route.path}/*", right="public")]
    if (router := getattr(route, "original_router", None)) is not None:  # as FastAPI keeps what was included
        return [one for inner in router.routes for one in _of(inner)]
    if not isinstance(route, APIRoute):
        raise LookupError(f"{route} declares no right")
    calls = [dependant.call for dependant in route.dependant.dependencies]
    for call in calls:
        if isinstance(call, Needs):
            return [
                _one(route, method, call.right, everywhere=call.everywhere) for method in sorted(route.methods or ())
            ]
        if isinstance(call, Open):
            return [_one(route, method, call.kept) for method in sorted(route.methods or ())]
    raise LookupError(f"{route.path} declares no right: give it dependencies=[needs(…)], or open_to(…)")


def _one(route: APIRoute, method: str, right: str, *, everywhere: bool = False) -> Declared:
    return Declared(method=method, path=route.path, right=right, everywhere=everywhere)
