"""Text messages and telephone calls by an HTTP gateway, whose form the settings tell."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from config.gateway_settings import GatewaySettings
from dispatch.channels.http import Poster, json_body
from dispatch.errors import Passing
from dispatch.notice import Notice
from dispatch.words import joined

Kind = Literal["sms", "voice"]


class Gateway:
    """One number after the other."""

    leaves_network = True

    def __init__(self, kind: Kind, settings: GatewaySettings, *, timeout_s: float) -> None:
        self._kind = kind
        self._whom = f"the {kind} gateway"
        self._settings = settings
        self._http = Poster(self._whom, timeout_s=timeout_s)

    def send(self, notices: Sequence[Notice]) -> None:
        """Returns when the gateway took it; that it was delivered is told by a receipt."""
        notice = joined(notices)
        words = {
            "{to}": notice.to,
            "{text}": notice.short if self._kind == "sms" else notice.spoken,
            "{key}": str(notice.key),
            "{time}": notice.at.isoformat(timespec="seconds"),
        }
        headers = {"content-type": "application/json", "idempotency-key": str(notice.key)}
        if self._settings.token:
            headers["authorization"] = f"Bearer {self._settings.token.get_secret_value()}"
        body = json_body(filled(self._settings.template, words))
        reply = self._http.taken(self._settings.url.get_secret_value(), body, headers)
        if not _holds(reply.json, self._settings.wanted):
            raise Passing(f"{self._whom} answered {reply.status}, but not that it took it")


def filled(template: Any, words: Mapping[str, str]) -> Any:
    """The template with what stands in braces filled in, inside of its texts only: no text can break out of them."""
    if isinstance(template, dict):
        return {name: filled(value, words) for name, value in template.items()}
    if isinstance(template, list):
        return [filled(value, words) for value in template]
    return _filled_text(template, words) if isinstance(template, str) else template


def _filled_text(text: str, words: Mapping[str, str]) -> str:
    """In one pass: what was filled in is not looked at again."""
    parts, rest = [], text
    while rest:
        places = [(place, name) for name in words if (place := rest.find(name)) >= 0]
        if not places:
            break
        place, name = min(places)
        parts += [rest[:place], words[name]]
        rest = rest[place + len(name) :]
    return "".join([*parts, rest])


def _holds(told: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return all(
        _holds(told[name], value)
        if isinstance(value, dict) and isinstance(told.get(name), dict)
        else told.get(name) == value
        for name, value in wanted.items()
    )
