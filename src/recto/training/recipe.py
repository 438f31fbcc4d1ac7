"""Recipe: everything that a fine-tuning of the CPU engine depends on, from defaults or a YAML file.

Unknown keys are refused and all mistakes are reported together. `recipes/` has commented examples.
"""

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recto.errors import SettingsError

_Count = Annotated[int, Field(ge=1)]
Tracker = Literal["tensorboard", "mlflow", "wandb"]


class Recipe(BaseModel):
    """Settings of one training run; frozen, so that what was recorded is what ran.

    A step learns from `batch_lines` × `accumulation` lines, `batch_lines` at once. `trackers` are told of
    every epoch. `price_per_hour` of the machine, in any currency; 0 is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["ctc"] = "ctc"
    seed: int = 0
    epochs: _Count = 6
    patience_epochs: _Count = 3
    batch_lines: _Count = 32
    accumulation: _Count = 1
    learning_rate: float = Field(default=5e-4, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    warmup_share: float = Field(default=0.1, gt=0, lt=1)
    gradient_norm: float = Field(default=5.0, gt=0)
    max_train_lines: _Count = 24_000
    max_val_lines: _Count = 1_000
    min_val_characters: int = Field(default=6_000, ge=0)
    margin: float = Field(default=0.25, ge=0, le=1)
    blend: float = Field(default=0.5, gt=0, le=1)
    views: int = Field(default=2, ge=0, le=16)
    views_up_to: _Count = 10_000
    small_marks: bool = True
    rivals: int = Field(default=200, ge=0, le=5_000)
    replay_lines: int = Field(default=600, ge=0)
    replay_weight: float = Field(default=4.0, ge=0)
    trackers: tuple[Tracker, ...] = ("tensorboard",)
    price_per_hour: float = Field(default=0.0, ge=0, allow_inf_nan=False)

    @property
    def step_lines(self) -> int:
        """Lines that one step of the optimiser learns from."""
        return self.batch_lines * self.accumulation


def load_recipe(path: Path) -> Recipe:
    """The Recipe of a YAML file. Raises SettingsError with every mistake in it."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the recipe can't be read: {error.strerror}", where=path) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"the recipe is no YAML: {error}", where=path) from error
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise SettingsError("the recipe holds no settings by name", where=path, hint="write `epochs: 12`")
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        mistakes = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        hint = f"settings: {', '.join(Recipe.model_fields)}"
        raise SettingsError(f"the recipe has mistakes: {mistakes}", where=path, hint=hint) from error
