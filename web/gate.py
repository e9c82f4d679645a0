"""The pages before the pages: what they look like, what somebody who is not let in is told, and where it goes on."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

from access.errors import SignInRefused
from web.pages import Language
from web.parts import Parts
from web.security import script_policy

_TEMPLATES = Path(__file__).parent / "templates"

# What somebody who is not let in is told: no more than whoever tries may know.
_TOLD: Mapping[str, tuple[str, str]] = {
    "wrong": ("名称或密码不对。", "The name or the password is wrong."),
    "old": ("原密码不对。", "The old password is wrong."),
    "password": ("密码不对。", "The password is wrong."),
    "locked": ("输错次数过多，请 {wait} 后再试。", "Too many wrong tries: wait {wait} and try again."),
    "code": (
        "验证码不对，或已用过。请等待下一个验证码。",
        "The code is wrong, or was used before: wait for the next one.",
    ),
    "link": (
        "这个登录链接已用过或已过期，请索取新的链接。",
        "This link was used or has expired: ask for a new one.",
    ),
    "step": ("等待时间过长，请重新登录。", "That took too long: sign in again."),
    "keys": (
        "服务器缺少密钥文件，无法核对验证码，请联系管理员。",
        "The server has no key file to check codes with: tell an administrator.",
    ),
    "oidc": ("登录已中断或已过期，请重新登录。", "The sign-in was broken off or has expired: begin again."),
    "unknown": (
        "统一身份认证中的身份未关联本系统账号，请联系管理员。",
        "No account here is linked with that identity: ask an administrator.",
    ),
    "provider": (
        "统一身份认证未能完成登录，请稍后重试，或用密码登录。",
        "Single sign-on did not work: try again later, or use your password.",
    ),
}
_STATUSES = {"locked": 429, "keys": 503, "provider": 502}


@cache
def _environment() -> Environment:
    return Environment(loader=FileSystemLoader(_TEMPLATES), autoescape=True)


def page_of(parts: Parts, template: str, language: Language, status: int = 200, **values: Any) -> HTMLResponse:
    """A page with a form, with the headers of one."""
    text = (
        _environment()
        .get_template(template)
        .render(
            title=parts.settings.title_zh if language == "zh" else parts.settings.title_en,
            language=language,
            zh=language == "zh",
            exercise=parts.exercise.shown(parts.pool),
            map_approval=parts.settings.map_approval,
            **values,
        )
    )
    headers = {"Content-Security-Policy": script_policy(), "Cache-Control": "no-store"}
    return HTMLResponse(text, status_code=status, headers=headers)


def sign_in_form(
    parts: Parts, language: Language, onward: str, *, refused: SignInRefused | None = None, name: str = ""
) -> HTMLResponse:
    """The form for name and password; with what was wrong, where something was."""
    oidc = None if parts.provider is None else parts.provider.settings
    answer = page_of(
        parts,
        "sign_in.html",
        language,
        status_of(refused),
        onward=onward,
        told="" if refused is None else told(refused, language),
        name=name,
        single=None if oidc is None else (oidc.label_zh if language == "zh" else oidc.label_en),
    )
    return with_wait(answer, refused)


def status_of(refused: SignInRefused | None) -> int:
    """200 for nothing wrong, else 401, 429, or a server's fault."""
    return 200 if refused is None else _STATUSES.get(refused.reason, 401)


def with_wait(answer: HTMLResponse, refused: SignInRefused | None) -> HTMLResponse:
    """The same with how long to wait, s."""
    if refused is not None and refused.wait_s:
        answer.headers["Retry-After"] = str(round(refused.wait_s) + 1)
    return answer


def told(refused: SignInRefused, language: Language) -> str:
    """Why somebody is not let in, in words."""
    zh, en = _TOLD.get(refused.reason, _TOLD["wrong"])
    minutes = max(1, round(refused.wait_s / 60))
    if language == "zh":
        return zh.format(wait=f"{minutes} 分钟")
    return en.format(wait=f"{minutes} minute{'s' if minutes > 1 else ''}")


def local(address: str) -> str:
    """A way on within these pages; `/` for anything else."""
    if not address.startswith("/") or "\\" in address or not address.isprintable() or address.startswith("//"):
        return "/"
    parts = urlsplit(address)
    return address if not parts.scheme and not parts.netloc else "/"


def in_language(path: str, language: Language) -> str:
    """A page of ours in that language."""
    return path if language == "zh" else f"{path}?lang={language}"
