"""Named queries: every statement that does not change lives in a `queries.sql` and is asked for by name."""

import re
from pathlib import Path

from config.errors import ConfigError

_NAME = re.compile(r"^-- name: (\w+)\s*$", re.MULTILINE)


class Queries:
    """The statements of one `queries.sql`; `queries["name"]` gives the text as bytes for psycopg."""

    def __init__(self, path: Path) -> None:
        parts = _NAME.split(path.read_text(encoding="utf-8"))
        names = parts[1::2]
        doubled = {name for name in names if names.count(name) > 1}
        if doubled:
            raise ConfigError(f"{path}: named more than once: {', '.join(sorted(doubled))}")
        self._path = path
        self._texts = {name: body.strip().encode() for name, body in zip(names, parts[2::2], strict=True)}

    def __getitem__(self, name: str) -> bytes:
        try:
            return self._texts[name]
        except KeyError:
            raise ConfigError(f"{self._path} has no query named {name!r}") from None

    def names(self) -> list[str]:
        """Every name in the file, in its order."""
        return list(self._texts)
