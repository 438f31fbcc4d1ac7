"""What all tables of `recto.toml` share: they are frozen, know no other names, and guess no types."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
Days = Annotated[int, Field(ge=1, le=36_500)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f]+$")]

PageTaskName = Literal["markdown", "ocr", "text", "figure", "describe"]
"""What a vision-language model can be asked that needs nothing but a page."""

Experts = Literal["auto", "eager", "batched_mm", "grouped_mm"]
"""How a vision-language model computes its routed experts; "auto" leaves that to transformers."""


class SettingsTable(BaseModel):
    """One table; what each setting means stands beside it as its description."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
