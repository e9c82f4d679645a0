"""How drafts of boundaries are worked on. (What makes a boundary sound: config/boundary_settings.py.)"""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class DraftSettings(BaseSettings):
    """Locks, and how much of a draft is too much."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_DRAFTS_")

    lock_min: float = Field(10, gt=0, le=24 * 60)  # how long a lock is kept after the last act of whoever has it
    most_units: int = Field(5000, ge=1, le=100_000)  # of one draft; a page draws each of them
    most_steps: int = Field(200, ge=1, le=10_000)  # of one request: a page that was offline sends all at once
    most_body_mib: int = Field(16, ge=1, le=60)  # of one request
    kept_in_memory: int = Field(16, ge=1, le=1000)  # drafts whose polygons a server process remembers
    snap_vertices: int = Field(50_000, ge=100, le=1_000_000)  # of the lines that an editor is given to snap to
