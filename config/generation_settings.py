"""Settings of the first grid network that is generated for a township (docs/boundaries.md)."""

from typing import Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class GenerationSettings(BaseSettings):
    """How large grids are to be, and what their borders follow."""

    model_config = SettingsConfigDict(env_prefix="SHIJING_GENERATION_", frozen=True)

    # Households of a grid. [D] after practice in Zhejiang: 300 to 500, where it is complex 200 to 300.
    target: int = Field(400, ge=1, le=100_000)
    least: int = Field(300, ge=1, le=100_000)
    most: int = Field(500, ge=1, le=100_000)
    complex_target: int = Field(250, ge=1, le=100_000)
    complex_least: int = Field(200, ge=1, le=100_000)
    complex_most: int = Field(300, ge=1, le=100_000)
    # A township is complex where its households live so scattered, or so crowded (households per km²). [D]
    scattered_per_km2: float = Field(60, ge=0)
    crowded_per_km2: float = Field(6000, ge=0)
    along_lines: float = Field(0.6, ge=0, le=1)  # how much a border along a line weighs against a compact grid
    least_line: int = Field(1, ge=0, le=4)  # lines of that rank cut: 0 paths too, 1 streets, 2 roads, 3 main, 4 none

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        for name, (least, target, most) in {
            "": (self.least, self.target, self.most),
            "complex_": (self.complex_least, self.complex_target, self.complex_most),
        }.items():
            if not least <= target <= most:
                raise ValueError(f"{name}least {least}, {name}target {target}, {name}most {most}: they must not fall")
        return self

    def with_target(self, target: int) -> "GenerationSettings":
        """The same for another number of households, everywhere; the bounds keep their proportion to it."""
        low, high = self.least / self.target, self.most / self.target
        least, most = max(1, round(target * low)), round(target * high)
        return GenerationSettings.model_validate(
            self.model_dump()
            | {"target": target, "least": least, "most": most}
            | {"complex_target": target, "complex_least": least, "complex_most": most}
        )
