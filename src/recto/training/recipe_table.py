"""What recipes of every kind say, and how their settings are checked. The kinds are in `recipe`."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Tracker = Literal["tensorboard", "mlflow", "wandb"]


class RecipeTable(BaseModel):
    """Settings of one training run; frozen, so that what was recorded is what ran.

    `kind` is the way of learning. `trackers` are told of every epoch. `price_per_hour` of the machine, in any
    currency; 0 is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: str
    seed: int = Field(default=0, ge=0, lt=2**63)
    trackers: Annotated[tuple[Tracker, ...], Field(strict=False)] = ("tensorboard",)
    price_per_hour: float = Field(default=0.0, ge=0)
