"""What posts may be given to do (`config/duties.yaml`, 四清单一目录): a task of a plan beside the lists of its post.

A task is free text, so it is told by words: those of an entry under `words`. What is in the list of matters that a
post never does is refused, with the entry named; what is in no list at all is for a person to look at.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta, Struct

from config.errors import ConfigError
from config.settings import CONFIG
from people.posts import shipped_posts

FILE = CONFIG / "duties.yaml"
ListName = Literal["duties", "assists", "never"]
Text = Annotated[str, Meta(min_length=1)]


class Entry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a list."""

    id: Text  # as it is named in a refusal: 负-01
    zh: Text
    en: Text
    source: Text  # law and article; [D]: a default of ours
    words: tuple[Text, ...] = ()  # what a task says that falls under it
    unless: tuple[Text, ...] = ()  # and what it says that does not, though a word of it fits


class PostList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The lists of some posts."""

    zh: Text
    en: Text
    posts: tuple[Text, ...]  # ids of config/posts.toml
    duties: tuple[Entry, ...] = ()
    assists: tuple[Entry, ...] = ()
    never: tuple[Entry, ...] = ()

    def entries(self) -> Iterator[tuple[ListName, Entry]]:
        """Every one with the list that it stands in; those of what is never done first."""
        for name in ("never", "duties", "assists"):
            for entry in getattr(self, name):
                yield name, entry


class Duties:
    """The lists of one file, by the posts that they are for."""

    def __init__(self, lists: Mapping[str, PostList]) -> None:
        self.lists = lists
        self._of = {post: one for one in lists.values() for post in one.posts}

    def of(self, post_id: str) -> PostList | None:
        """The lists of a post; None for one that has none: bureaus, and parties outside."""
        return self._of.get(post_id)

    def refusing(self, post_id: str, text: str) -> tuple[PostList, Entry] | None:
        """The entry that forbids the post to do what the text says."""
        lists = self.of(post_id)
        found = next((one for one in lists.never if falls_under(one, text)), None) if lists else None
        return None if lists is None or found is None else (lists, found)

    def allowing(self, post_id: str, text: str) -> tuple[ListName, Entry] | None:
        """The entry that what the text says is a part of."""
        lists = self.of(post_id)
        if lists is None:
            return None
        found = ((name, one) for name, one in lists.entries() if name != "never" and falls_under(one, text))
        return next(found, None)


def falls_under(entry: Entry, text: str) -> bool:
    """Whether the text has a word of the entry."""
    plain = "".join(text.split()).casefold()
    for word in entry.unless:
        plain = plain.replace(word.casefold(), "")
    return any(word.casefold() in plain for word in entry.words)


def load_duties(path: Path = FILE) -> Duties:
    """The lists of a file; raises ConfigError that names the file and what is wrong with it."""
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
        lists = msgspec.convert(told, dict[str, PostList])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    _check(path, lists)
    return Duties(lists)


def _check(path: Path, lists: Mapping[str, PostList]) -> None:
    """Raise ConfigError for a post or an id that is there twice, or for a post that there is not."""
    posts: dict[str, str] = {}
    ids: set[str] = set()
    for name, one in lists.items():
        for post in one.posts:
            if shipped_posts().get(post) is None:
                raise ConfigError(f"{path}: [{name}] is for the post {post}, which config/posts.toml does not have")
            if posts.setdefault(post, name) != name:
                raise ConfigError(f"{path}: the post {post} is in {posts[post]} and in {name}: leave it in one")
        for _, entry in one.entries():
            if entry.id in ids:
                raise ConfigError(f"{path}: the entry {entry.id} is there twice: give one of them another id")
            ids.add(entry.id)


@cache
def shipped_duties() -> Duties:
    """Those of config/duties.yaml, read once at the first use."""
    return load_duties()
