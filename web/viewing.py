"""Who asks, and what they may: each route declares the one right that it needs, and gets a view of that right's scope.

A route without a declaration does not start (`check_declared`). Reading goes by `View.connection`, which
shows nothing beyond the scope; what changes something asks there first whether it may be seen at all.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_address
from typing import Annotated, Any, Literal, cast

from fastapi import Depends, FastAPI, Form, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute, Mount

from access.credentials import is_same
from access.rights import RIGHTS
from access.scope import Scope
from access.sessions import viewer_of_session, viewer_of_token
from access.viewer import Viewer
from config.database import Connection
from web.errors import CsrfError, ForbiddenError, MustChangeError, SessionNeededError, SignInNeededError
from web.parts import Parts, parts_of
from web.worker_phones import Phone

DATABASE_WAIT_S = 3.0
COOKIE, SECURE_COOKIE = "shijing", "__Host-shijing"
CSRF_HEADER = "x-csrf-token"
PHONE_HEADER = "x-shijing-phone"
# Served to anybody: they are in the repository.
PUBLIC_MOUNTS = {"/built", "/static", "/vendor"}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_SAFE_SITES = {"same-origin", "none"}

Kept = Literal["public", "signed_in", "known", "phone"]


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

    def by(self, right: str) -> "View":
        """The same request by another right, and no further than that reaches; raises ForbiddenError."""
        scope = self.viewer.scope(right, self.parts.roles)
        if not scope:
            raise ForbiddenError(right)
        return replace(self, right=right, scope=scope)

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
        return self._let_in(request)

    def _let_in(self, request: Request, told: str = "") -> View:
        parts = parts_of(request)
        viewer = signed_in(request, parts, told=told)
        scope = viewer.scope(self.right, parts.roles)
        if not scope:
            raise ForbiddenError(self.right)
        if self.everywhere and not scope.everywhere:
            raise ForbiddenError(self.right, everywhere=True)
        request.state.view = View(viewer=viewer, right=self.right, scope=scope, parts=parts)
        return request.state.view  # type: ignore[no-any-return]


class NeedsForm(Needs):
    """The same for a form of our pages, which sends in the field `csrf` what a script sends in the header."""

    def __call__(self, request: Request, csrf: Annotated[str, Form(max_length=100)] = "") -> View:
        return self._let_in(request, csrf)


class Open:
    """A dependency of a route that declares that no right is needed: `public`; `known`: for whoever is signed in or
    has a token, whatever it is for; or `signed_in` for one's own things.

    One's own things are a person's at a page: an API token, which has a few rights only, does not reach them.
    They are open also while a password or a second factor is due: it is there that both are given.
    """

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def __call__(self, request: Request) -> None:
        self._let_in(request)

    def _let_in(self, request: Request, told: str = "") -> None:
        if self.kept == "known":
            signed_in(request, parts_of(request))
        if self.kept == "signed_in":
            request.state.viewer = viewer = signed_in(request, parts_of(request), dues_too=True, told=told)
            if viewer.only is not None:
                raise SessionNeededError("an API token does not reach this: sign in with a browser")


class OpenPhone(Open):
    """The same for what an open page of a worker sends by the thousand: its stream was let in, and the ticket that came
    by it is shown with the request. No page of another site knows it, and it is good for as long as the stream."""

    def __init__(self) -> None:
        super().__init__("phone")

    async def __call__(self, request: Request) -> None:  # type: ignore[override]
        phone = parts_of(request).phones.of_ticket(request.headers.get(PHONE_HEADER, ""))
        if phone is None:
            await run_in_threadpool(signed_in, request, parts_of(request))
            raise SessionNeededError(f"the header {PHONE_HEADER} shows no ticket of an open stream: open it first")
        request.state.phone = phone


class OpenForm(Open):
    """The same for a form of our pages, which sends in the field `csrf` what a script sends in the header."""

    def __call__(self, request: Request, csrf: Annotated[str, Form(max_length=100)] = "") -> None:
        self._let_in(request, csrf)


def needs(right: str, *, everywhere: bool = False) -> Any:
    """For `dependencies=[…]` of a route."""
    return Depends(Needs(right, everywhere=everywhere))


def needs_form(right: str, *, everywhere: bool = False) -> Any:
    """The same for a route that a form is sent to."""
    return Depends(NeedsForm(right, everywhere=everywhere))


def open_to(kept: Kept) -> Any:
    """The same for a route that needs no right."""
    return Depends(OpenPhone() if kept == "phone" else Open(kept))


def open_form(kept: Kept) -> Any:
    """The same for a route that a form is sent to."""
    return Depends(OpenForm(kept))


def view_of(request: Request) -> View:
    """That of a request that was let in."""
    return cast(View, request.state.view)


def _viewer(request: Request) -> Viewer:
    return cast(Viewer, request.state.viewer)


def phone_of(request: Request) -> Phone:
    """The open page that a request was let in for."""
    return cast(Phone, request.state.phone)


ViewOf = Annotated[View, Depends(view_of)]
OwnViewer = Annotated[Viewer, Depends(_viewer)]


def signed_in(request: Request, parts: Parts, *, dues_too: bool = False, told: str = "") -> Viewer:
    """Whoever asks, by the API token or the session's cookie; raises SignInNeededError and the like.

    `dues_too`: also while a password or a second factor is due. `told`: the CSRF token of a form.
    """
    viewer = viewer_of(request, parts)
    if viewer is None:
        raise SignInNeededError("sign in first")
    request.state.account = viewer.account_id
    if request.method not in _SAFE_METHODS and viewer.csrf:
        check_csrf(request, viewer, told)
    if not dues_too:
        check_dues(viewer, parts)
    return viewer


def check_dues(viewer: Viewer, parts: Parts) -> None:
    """Raise MustChangeError where a password or a second factor comes before anything else."""
    if viewer.must_change:
        raise MustChangeError("the password was given by somebody else: change it first, at /account")
    if viewer.lacks_factor(parts.roles):
        raise MustChangeError("a role of yours asks for a second factor: set it up first, at /account")


def viewer_of(request: Request, parts: Parts) -> Viewer | None:
    """The account behind a request, where there is one."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    now = parts.clock()
    with parts.pool.connection(DATABASE_WAIT_S) as connection:
        if kind.lower() == "bearer":
            return viewer_of_token(connection, token.strip(), now=now)
        secret = request.cookies.get(cookie_name(request))
        return viewer_of_session(connection, secret, now=now) if secret else None


def cookie_name(request: Request) -> str:
    """By TLS one that no other host and no plain page can set."""
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def check_csrf(request: Request, viewer: Viewer, told: str = "") -> None:
    """Raise CsrfError for a change that a page of another site may have caused; `told`: what a form had with it."""
    check_origin(request)
    if not is_same(told or request.headers.get(CSRF_HEADER, ""), viewer.csrf):
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
    right: str  # a right, or `public`, `known`, `signed_in`
    everywhere: bool = False


def declared(app: FastAPI) -> list[Declared]:
    """Every route with what it declares, in their order; raises LookupError for one that declares nothing."""
    return [one for route in app.routes for one in _of(route)]


def api_routes(app: FastAPI) -> list[APIRoute]:
    """Every route of ours, without the folders of files."""
    return [one for route in app.routes for one in _routes_in(route)]


def _routes_in(route: BaseRoute) -> Iterable[APIRoute]:
    router = getattr(route, "original_router", None)  # as FastAPI keeps what was included
    inner = [route] if router is None else router.routes
    return [one for one in inner if isinstance(one, APIRoute)]


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
