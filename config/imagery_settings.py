"""Settings of base maps: the owner's layers, and what is kept of those that a service gives."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ImagerySettings(BaseSettings):
    """The owner's base maps (docs/base-maps.md)."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_IMAGERY_")

    layers: Path | None = None  # a TOML file that tells of each; None: what is shipped alone
    cache: Path = Path("~/.shijing/imagery")  # tiles that a service gave, so that it is asked once
    cache_mib: int = Field(1024, ge=0, le=1_048_576)  # 0: nothing is kept
    cache_days: float = Field(30, gt=0, le=3660)  # then a tile is asked for again; kept on where nobody answers
    timeout_s: float = Field(5, ge=0.1, le=120)  # for a service to answer

    @field_validator("layers", mode="before")
    @classmethod
    def _empty_is_none(cls, value: str | Path | None) -> str | Path | None:
        return value or None

    @field_validator("layers", "cache")
    @classmethod
    def _of_the_person(cls, path: Path | None) -> Path | None:
        return path and path.expanduser().absolute()
