"""The base of every error the product raises on purpose.

ShijingError
├── ConfigError            settings, rule, plan or data files that do not hold together
├── DataFolderError        a data folder that cannot be used as it is
├── SheetRefused           a file of a spreadsheet that is none, or too large
├── MigrationError         a schema that cannot be brought up to date
└── ExerciseError          an exercise on a real database, or the other way round
"""


class ShijingError(Exception):
    """Something went wrong that the person at the keyboard can read and mend."""


class ConfigError(ShijingError):
    """A setting or a file that people edit is wrong."""


class DataFolderError(ShijingError):
    """A data folder cannot be used: another version, no room, no right to it."""


class SheetRefused(ShijingError):
    """A file of cells cannot be read; `zh` says so on a page in Chinese."""

    def __init__(self, text: str, zh: str) -> None:
        super().__init__(text)
        self.zh = zh


class MigrationError(ShijingError):
    """The database schema cannot be brought to this version."""


class ExerciseError(ShijingError):
    """An exercise and real operation do not mix in one database."""
