"""Settings: `recto.toml` and the environment, read once and then passed on. Nothing here opens a database.

Unknown names are refused and all mistakes are reported together. What each setting means stands beside it,
once: `default_toml` writes those sentences into the file that `recto init` makes.
"""

import json
import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from recto.errors import SettingsError
from recto.mistakes import refusal, sentence, unknown

FILE_NAME = "recto.toml"
ENVIRONMENT = {
    "RECTO_DATABASE": ("workspace", "database"),
    "RECTO_PRICE_PER_HOUR": ("training", "price_per_hour"),
}
"""Variables that stand above the file: name → table and setting."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Word = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f]+$")]

_Table = dict[str, object]


class _Settings(BaseModel):
    """What all tables share: frozen, nothing unknown, no guessing of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class WorkspaceSettings(_Settings):
    """Where the workspace keeps its facts."""

    database: str = Field(
        default="",
        description='"" is SQLite in recto.db here; else a URL: "postgresql+psycopg://user@host/name"',
    )
    currency: str = Field(
        default="USD", min_length=1, max_length=8, description="the currency of every price and cost"
    )


class SplitSettings(_Settings):
    """Shares of new documents, in percent. What has been placed once is never drawn again."""

    train: Percent = Field(default=80.0, description="learnt from")
    val: Percent = Field(default=10.0, description="chooses the best epoch")
    test: Percent = Field(default=10.0, description="only ever measures")

    @model_validator(mode="after")
    def _sum(self) -> "SplitSettings":
        if abs(self.train + self.val + self.test - 100) > 1e-6:
            raise ValueError(f"train + val + test is {self.train + self.val + self.test:g} percent, not 100")
        return self


class TriggerSettings(_Settings):
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


class GateSettings(_Settings):
    """What a candidate must prove before it is released."""

    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="how sure it must be that the candidate reads better"
    )
    min_test_documents: int = Field(default=20, ge=1, description="fewer frozen test documents prove nothing")
    category_margin: Share = Field(default=0.005, description="no category's CER may rise by more (absolute)")
    canary_margin: Share = Field(
        default=0.001, description="nor that of the canary pages, which watch for forgetting"
    )
    repetition_margin: Share = Field(default=0.0, description="nor the share of pages read in a loop")
    max_slowdown: float = Field(
        default=0.25, ge=0, allow_inf_nan=False, description="nor the seconds per page (as a share)"
    )


class TrainingSettings(_Settings):
    """How a Cycle trains."""

    recipe: Annotated[Path, Field(strict=False)] | None = Field(
        default=None,
        description="a recipe in place of the default, relative to this file",
        examples=["recipe.yaml"],
    )
    price_per_hour: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="price of this machine, for the cost of a Cycle"
    )


class Settings(_Settings):
    """Everything that can be set; `Settings()` is what counts where nothing is said."""

    workspace: WorkspaceSettings = WorkspaceSettings()
    split: SplitSettings = SplitSettings()
    triggers: TriggerSettings = TriggerSettings()
    gates: GateSettings = GateSettings()
    training: TrainingSettings = TrainingSettings()


def nearest_workspace(path: Path) -> Path | None:
    """The folder at or above `path` whose FILE_NAME makes it a workspace; None where there is none.

    It is here since those who only look need no database, which takes longer to import than to ask.
    """
    start = path.resolve()
    return next((f for f in (start, *start.parents) if (f / FILE_NAME).is_file()), None)


def load_settings(folder: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of `folder`/recto.toml, with the environment above them.

    Raises SettingsError that lists every mistake of both.
    """
    path = folder / FILE_NAME
    tables = _parsed(path)
    _overlay(tables, environment)
    training = tables.get("training")
    if isinstance(training, dict) and isinstance(training.get("recipe"), str):
        training["recipe"] = folder / Path(training["recipe"]).expanduser()
    try:
        return Settings.model_validate(tables)
    except ValidationError as error:
        mistakes = [_told(detail, environment) for detail in error.errors()]
    raise refusal(mistakes, where=path, hint="docs/workspace.md lists all settings")


def default_toml() -> str:
    """The text of a `recto.toml` that holds every setting at its default, each with what it means."""
    parts = [
        "# Settings of this recto workspace. Every line says what counts anyway if it is left out.",
        f"# The environment stands above this file: {', '.join(ENVIRONMENT)}.",
    ]
    for name, table in Settings.model_fields.items():
        model = cast(type[_Settings], table.annotation)
        parts += ["", f"[{name}]", *(f"# {line}" for line in (model.__doc__ or "").splitlines())]
        for key, field in model.model_fields.items():
            absent = field.default is None
            value = (field.examples or [""])[0] if absent else field.default
            parts.append(f"{'# ' if absent else ''}{key} = {_toml(value)}  # {field.description}")
    return "\n".join(parts) + "\n"


def _parsed(path: Path) -> _Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError("there is no such file", where=path, hint="`recto init` writes one") from None
    except OSError as error:
        raise SettingsError(f"can't be read: {error.strerror}", where=path) from None
    except ValueError as error:  # of TOML, of UTF-8, or of a number with thousands of digits
        raise SettingsError(f"this is no TOML: {error}", where=path, hint='write `name = "value"`') from None


def _overlay(tables: _Table, environment: Mapping[str, str]) -> None:
    """Put the variables that are set into the tables; what is no number stays text, to be refused."""
    for variable, (table, key) in ENVIRONMENT.items():
        value = environment.get(variable)
        settings = tables.setdefault(table, {}) if value else None
        if not value or not isinstance(settings, dict):
            continue
        settings[key] = _number(value) if variable == "RECTO_PRICE_PER_HOUR" else value


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _told(error: ErrorDetails, environment: Mapping[str, str]) -> str:
    place = tuple(str(part) for part in error["loc"] if part != "[key]")
    name = next((v for v, at in ENVIRONMENT.items() if at == place and environment.get(v)), ".".join(place))
    if error["type"] == "extra_forbidden":
        return unknown(name, place[-1], tuple(_fields_at(place)))
    return sentence(error, name)


def _fields_at(place: tuple[str, ...]) -> Mapping[str, FieldInfo]:
    """The tables, or the settings of the table that `place` is in."""
    tables = Settings.model_fields
    if len(place) == 1:
        return tables
    return cast(type[_Settings], tables[place[0]].annotation).model_fields


def _toml(value: object) -> str:
    """A default as TOML: strings, numbers, booleans, lists of strings, and one level of tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("no setting is infinite by default")
    return json.dumps(value, ensure_ascii=False)
