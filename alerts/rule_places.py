"""On which line of a TOML text each key stands: the standard parser tells values, not where they were written."""

import re
from collections.abc import Iterator, Sequence

Step = str | int
Steps = tuple[Step, ...]

_WORD = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*|\n|[^\S\n]+|[\[\]{}=,.]|[^\s\[\]{}=,.\"'#]+|.",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def line_count(text: str) -> int:
    """How many lines a text has, as TOML counts them; an empty one has one."""
    return text.count("\n") + (not text.endswith("\n"))


class Places:
    """The lines of a text that is TOML; `where` gives the nearest parent's for a key that is missing."""

    def __init__(self, text: str) -> None:
        self.lines: dict[Steps, int] = {}
        self._counts: dict[Steps, int] = {}  # tables of an array of tables
        self._words = _words(text)
        self._table: Steps = ()
        self._word, self._line = next(self._words)
        self._read()

    def where(self, steps: Sequence[Step]) -> int:
        """The line of a key, from 1."""
        for length in range(len(steps), 0, -1):
            if line := self.lines.get(tuple(steps[:length])):
                return line
        return 1

    def _next(self) -> None:
        self._word, self._line = next(self._words, ("", self._line))

    def _read(self) -> None:
        while self._word:
            if self._word == "[":
                self._header()
            elif self._word == "\n":
                self._next()
            else:
                self._pair(self._table)

    def _header(self) -> None:
        line = self._line
        self._next()
        many = self._word == "["
        if many:
            self._next()
        keys = self._keys("]")
        self._next()
        if many:
            self._next()
        self._table = self._resolved(keys[:-1] if many else keys, line)
        if many:
            path = (*self._table, *keys[-1:])
            number = self._counts[path] = self._counts.get(path, -1) + 1
            self._note(path, line)
            self._table = (*path, number)
            self._note(self._table, line)

    def _resolved(self, keys: Sequence[str], line: int) -> Steps:
        """The path of a header, where an array of tables is its last table."""
        path: Steps = ()
        for key in keys:
            path = (*path, key)
            self._note(path, line)
            if path in self._counts:
                path = (*path, self._counts[path])
        return path

    def _keys(self, end: str) -> list[str]:
        keys: list[str] = []
        while self._word and self._word != end:
            if self._word not in (".", "\n"):
                keys.append(_key(self._word))
            self._next()
        return keys

    def _pair(self, table: Steps) -> None:
        """A key with its value, and all that an inline value holds: without recursion, for it may be deep."""
        path = self._key_of(table)
        open_: list[tuple[Steps, int]] = []  # of arrays the path and the next number, of tables -1
        while self._word:
            if self._word in ("[", "{"):
                open_.append((path, 0 if self._word == "[" else -1))
                self._next()
                path = self._inside(open_)
            elif self._word in ("]", "}"):
                if not open_:
                    return self._next()
                open_.pop()
                self._next()
            elif self._word == "," and open_:
                self._next()
                path = self._inside(open_)
            elif self._word == "\n" and not open_:
                return None
            else:
                self._next()
        return None

    def _inside(self, open_: list[tuple[Steps, int]]) -> Steps:
        """The path of what comes next in the innermost array or table."""
        while self._word == "\n":
            self._next()
        path, number = open_[-1]
        if self._word in ("]", "}", ""):
            return path
        if number < 0:
            return self._key_of(path)
        open_[-1] = (path, number + 1)
        self._note((*path, number), self._line)
        return (*path, number)

    def _key_of(self, table: Steps) -> Steps:
        line = self._line
        keys = self._keys("=")
        self._next()
        for length in range(1, len(keys) + 1):
            self._note((*table, *keys[:length]), line)
        return (*table, *keys)

    def _note(self, path: Steps, line: int) -> None:
        self.lines.setdefault(path, line)


def _words(text: str) -> Iterator[tuple[str, int]]:
    """Words and the lines that they begin on, without blanks and comments; an empty one at the end."""
    line = 1
    for match in _WORD.finditer(text):
        word = match.group()
        if word == "\n" or not (word[0] == "#" or word.isspace()):
            yield word, line
        line += word.count("\n")
    yield "", line


def _key(word: str) -> str:
    if word.startswith('"'):
        return _ESCAPE.sub(lambda found: _unescaped(found.group(1)), word[1:-1])
    return word[1:-1] if word.startswith("'") else word


def _unescaped(code: str) -> str:
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPED.get(code, code)
