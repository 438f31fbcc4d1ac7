"""The tables of `recto.toml` that steer the loop: workspace, splits, triggers, gates, training."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from recto.settings.table import Percent, SettingsTable, Share, Word


class WorkspaceSettings(SettingsTable):
    """Where the workspace keeps its facts."""

    database: str = Field(
        default="",
        description='"" is SQLite in recto.db here; else a URL: "postgresql+psycopg://user@host/name"',
    )
    currency: str = Field(
        default="USD", min_length=1, max_length=8, description="the currency of every price and cost"
    )


class SplitSettings(SettingsTable):
    """Shares of new documents, in percent. What has been placed once is never drawn again."""

    train: Percent = Field(default=80.0, description="learnt from")
    val: Percent = Field(default=10.0, description="chooses the best epoch")
    test: Percent = Field(default=10.0, description="only ever measures")

    @model_validator(mode="after")
    def _sum(self) -> "SplitSettings":
        if abs(self.train + self.val + self.test - 100) > 1e-6:
            raise ValueError(f"train + val + test is {self.train + self.val + self.test:g} percent, not 100")
        return self


class TriggerSettings(SettingsTable):
    """When a Cycle is due."""

    new_documents: int = Field(
        default=50, ge=1, description="so many new trusted documents since the last Cycle"
    )
    min_accuracy: Share = Field(default=0.95, description="accuracy (1 - CER) on val below this")
    new_business: bool = Field(default=True, description="a business type that was never learnt from")
    monthly_day: int = Field(default=1, ge=0, le=28, description="each month from this day on; 0 is never")
    first_run_documents: int = Field(
        default=10, ge=1, description="fewest trusted train documents for the first Cycle"
    )
    require_balance: bool = Field(default=False, description="wait until the mix below is met")
    mix: dict[Word, Share] = Field(
        default={"receipt": 0.4, "invoice": 0.3, "contract": 0.3},
        description="wanted shares of the categories",
    )
    mix_tolerance: Share = Field(default=0.1, description="a share this far off still counts as met")
    scopes: Annotated[tuple[Word, ...], Field(strict=False)] = Field(
        default=(),
        description="business types with a loop and Releases of their own; all others are in `general`",
    )
    check_every_s: float = Field(
        default=60.0, gt=0, allow_inf_nan=False, description="how often `recto loop` looks, in seconds"
    )
    test_mode_documents: int = Field(default=10, ge=1, description="train documents of a Cycle in test mode")

    @field_validator("mix")
    @classmethod
    def _whole(cls, mix: dict[str, float]) -> dict[str, float]:
        if mix and abs(sum(mix.values()) - 1) > 1e-6:
            raise ValueError(f"the shares sum to {sum(mix.values()):g}, not 1")
        return mix

    @field_validator("scopes")
    @classmethod
    def _named_once(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        twice = sorted({scope for scope in scopes if scopes.count(scope) > 1})
        wrong = [f"{scope} is named twice" for scope in twice]
        if "general" in scopes:
            wrong.append("`general` is always there; leave it out")
        if wrong:
            raise ValueError("; ".join(wrong))
        return scopes


class GateSettings(SettingsTable):
    """What a candidate must prove before it is released."""

    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="how sure it must be that the candidate reads better"
    )
    min_test_documents: int = Field(default=20, ge=1, description="fewer frozen test documents prove nothing")
    category_margin: Share = Field(default=0.005, description="no category's CER may rise by more (absolute)")
    canary_margin: Share = Field(
        default=0.001, description="nor that of the canary pages, which watch for forgetting"
    )
    field_margin: Share = Field(default=0.02, description="of fields, none's F1 may fall by more")
    language_model_s: float = Field(
        default=10.0,
        ge=0,
        allow_inf_nan=False,
        description="nor those per document of fields; a language model may always take so long",
    )
    repetition_margin: Share = Field(default=0.0, description="nor the share of pages read in a loop")
    max_slowdown: float = Field(
        default=0.25, ge=0, allow_inf_nan=False, description="nor the seconds per page (as a share)"
    )


class TrainingSettings(SettingsTable):
    """How a Cycle trains."""

    recipe: Annotated[Path, Field(strict=False)] | None = Field(
        default=None,
        description="a recipe in place of the default, relative to this file",
        examples=["recipe.yaml"],
    )
    tagger_recipe: Annotated[Path, Field(strict=False)] | None = Field(
        default=None,
        description="a recipe of kind tagger, by which Cycles of taggers fit, for all schemas",
        examples=["tagger.yaml"],
    )
    price_per_hour: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="price of this machine, for the cost of a Cycle"
    )
