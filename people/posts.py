"""The posts that people hold (`config/posts.toml`): data, not code."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

import msgspec

from config.errors import ConfigError
from config.settings import CONFIG
from people.errors import Unknown

FILE = CONFIG / "posts.toml"
Level = Literal["city", "district", "township", "village", "grid"]

_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Post:
    """One post."""

    id: str
    zh: str
    en: str
    level: Level  # of the divisions that it is usually held for
    rank: int  # lower is more senior
    also: tuple[str, ...] = ()  # other names in plans and files

    def names(self) -> Iterator[str]:
        """All that it may be called."""
        yield from dict.fromkeys((self.id, self.zh, self.en, *self.also))


class Posts:
    """The posts of one file, most senior first."""

    def __init__(self, posts: Mapping[str, Post], names: Mapping[str, str]) -> None:
        self._posts = dict(sorted(posts.items(), key=lambda one: (one[1].rank, one[0])))
        self._names = names

    def __iter__(self) -> Iterator[Post]:
        return iter(self._posts.values())

    def __len__(self) -> int:
        return len(self._posts)

    def ids(self) -> list[str]:
        """Their ids in the order of rank."""
        return list(self._posts)

    def get(self, post_id: str) -> Post | None:
        """A post by its id; None for one that the file has no more."""
        return self._posts.get(post_id)

    def named(self, name: str) -> Post:
        """A post by id, Chinese or English name, or what it is called also; raises Unknown with the choice."""
        found = self._names.get(_key(name))
        if found is None:
            choice = "、".join(f"{post.zh} ({post.id})" for post in self)
            raise Unknown(f"there is no post {name.strip()[:40]!r}: take one of {choice}, or add it to {FILE.name}")
        return self._posts[found]


def load_posts(path: Path = FILE) -> Posts:
    """The posts of a file; raises ConfigError that names file, post and what is wrong with it."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    posts = {name: _post(path, name, table) for name, table in tables.items()}
    if not posts:
        raise ConfigError(f"{path}: it has no post: write at least [duty_officer] with zh, en, level and rank")
    return Posts(posts, _names(path, posts))


@cache
def shipped_posts() -> Posts:
    """Those of config/posts.toml, read once at the first use."""
    return load_posts()


def _post(path: Path, name: str, table: Any) -> Post:
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: {name} stands outside of a post: write it under [the post's id]")
    if not _ID.fullmatch(name):
        raise ConfigError(f"{path}: [{name}] is no id: small letters, digits and _, at most 40, a letter first")
    if unknown := sorted(table.keys() - {"zh", "en", "level", "rank", "also"}):
        raise ConfigError(f"{path}: [{name}] has an unknown key {unknown[0]!r}: take zh, en, level, rank or also")
    try:
        post = msgspec.convert({**table, "id": name}, Post)
    except msgspec.ValidationError as error:
        levels = f" (levels: {', '.join(get_args(Level))})" if "level" in str(error) else ""
        raise ConfigError(f"{path}: [{name}]: {error}{levels}") from error
    if not all(text.strip() for text in post.names()):
        raise ConfigError(f"{path}: [{name}] has an empty name: fill in zh and en, and leave no empty text in also")
    return post


def _names(path: Path, posts: Mapping[str, Post]) -> dict[str, str]:
    """The id of each name; raises ConfigError where two posts share one."""
    names: dict[str, str] = {}
    for post in posts.values():
        for name in post.names():
            if (other := names.setdefault(_key(name), post.id)) != post.id:
                raise ConfigError(f"{path}: [{post.id}] is called {name!r}, and so is [{other}]: rename one of them")
    return names


def _key(name: str) -> str:
    return " ".join(name.split()).casefold()
