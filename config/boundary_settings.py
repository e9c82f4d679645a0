"""Settings of boundaries: what is told as a fault of a draft, and what only as a warning."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class BoundarySettings(BaseSettings):
    """Bounds of the findings (docs/boundaries.md). Errors must be mended before a draft is submitted."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_BOUNDARIES_")

    # Errors. Gaps, overlaps and land outside of the parent that are smaller than this are rounding.
    tolerance_m2: float = Field(1.0, ge=0.01, le=10_000)
    sliver_width_m: float = Field(3.0, ge=0, le=1000)  # twice the area by the perimeter
    sliver_area_m2: float = Field(100, ge=0, le=1_000_000)
    parts_allowed: tuple[str, ...] = ()  # codes of divisions that may have several parts

    # Warnings, of grids. A grid has 300 to 500 households [practice of Zhejiang; D here].
    households_min: int = Field(300, ge=0)
    households_max: int = Field(500, ge=1)
    load_ratio: float = Field(2.0, gt=1, le=100)  # times the median of the parent's grids, or below its inverse
    area_min_m2: float = Field(2_000, ge=0)  # [D]
    area_max_m2: float = Field(20_000_000, gt=0)  # [D] mountain grids are large
    # A road or river runs so far inside a grid, farther than the tolerance from its border. [D]
    line_inside_m: float = Field(300, gt=0)
    line_tolerance_m: float = Field(30, gt=0)
    changes_per_year: int = Field(2, ge=1)  # published changes of one division; more are told [D]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for low, high in (("households_min", "households_max"), ("area_min_m2", "area_max_m2")):
            if getattr(self, low) > getattr(self, high):
                raise ValueError(
                    f"SHIJING_BOUNDARIES_{low.upper()}={getattr(self, low)} is more than"
                    f" SHIJING_BOUNDARIES_{high.upper()}={getattr(self, high)}: exchange them"
                )
        return self
