"""Who is signed in, in the bar of every page: their name leads to their account, beside it the way out."""

from markupsafe import escape

from access.viewer import Viewer
from web.pages import Language

ACCOUNT = "@account@"  # stands in a page that is rendered once for all, where each answer puts its own

_BAR = """<form class="bar-account" method="post" action="/sign-out">
            <a href="{way}" title="{title}" aria-label="{title}: {name}">{person}<span>{name}</span></a>
            <input type="hidden" name="csrf" value="{csrf}"><input type="hidden" name="lang" value="{language}">
            {out}</form>"""
# What a phone has room for.
_PERSON = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="8" r="4.5"/>'
    '<path d="M3 22c1-6 4-8 9-8s8 2 9 8z"/></svg>'
)
_OUT = '<button type="submit">{word}</button>'


def with_account(page: str, viewer: Viewer, language: Language) -> str:
    """The page with whoever asks in its bar. A wall screen, which anybody may touch, has no way out there."""
    return page.replace(ACCOUNT, account_bar(viewer, language), 1)


def account_bar(viewer: Viewer, language: Language) -> str:
    """The piece of the bar, as HTML."""
    zh = language == "zh"
    return _BAR.format(
        way="/account" if zh else "/account?lang=en",
        title="我的账号" if zh else "My account",
        person=_PERSON,
        name=escape(viewer.name),
        csrf=escape(viewer.csrf),
        language=language,
        out="" if viewer.kind == "screen" else _OUT.format(word="退出" if zh else "Sign out"),
    )
