"""Recipe: everything that a fine-tuning of the CPU engine depends on, from defaults or a YAML file.

Unknown keys and keys that stand there twice are refused, no type is guessed, and all mistakes are reported
together. `recipes/` has commented examples.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from recto.errors import SettingsError
from recto.mistakes import refusal, sentence, unknown

_Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Tracker = Literal["tensorboard", "mlflow", "wandb"]


class Recipe(BaseModel):
    """Settings of one training run; frozen, so that what was recorded is what ran.

    A step learns from `batch_lines` × `accumulation` lines, `batch_lines` at once. `trackers` are told of
    every epoch. `price_per_hour` of the machine, in any currency; 0 is none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    kind: Literal["ctc"] = "ctc"
    seed: int = Field(default=0, ge=0, lt=2**63)
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
    min_val_characters: int = Field(default=6_000, ge=0, le=1_000_000_000)
    margin: float = Field(default=0.25, ge=0, le=1)
    blend: float = Field(default=0.8, gt=0, le=1)
    views: int = Field(default=2, ge=0, le=16)
    views_up_to: _Count = 10_000
    small_marks: bool = True
    rivals: int = Field(default=200, ge=0, le=5_000)
    replay_lines: int = Field(default=2_000, ge=0, le=1_000_000_000)
    replay_weight: float = Field(default=4.0, ge=0)
    trackers: Annotated[tuple[Tracker, ...], Field(strict=False)] = ("tensorboard",)
    price_per_hour: float = Field(default=0.0, ge=0)

    @property
    def step_lines(self) -> int:
        """Lines that one step of the optimiser learns from."""
        return self.batch_lines * self.accumulation


def load_recipe(path: Path) -> Recipe:
    """The Recipe of a YAML file. Raises SettingsError with every mistake in it."""
    try:
        raw, twice = _parsed(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"the recipe can't be read: {error.strerror}", where=path) from error
    except (yaml.YAMLError, ValueError) as error:  # of UTF-8, or of a number with thousands of digits
        raise SettingsError(f"the recipe is no YAML: {error}", where=path) from error
    if not isinstance(raw, dict):
        raise SettingsError("the recipe holds no settings by name", where=path, hint="write `epochs: 12`")
    recipe, mistakes = _checked({str(key): value for key, value in raw.items()})
    if twice or recipe is None:
        hint = "recipes/ppocr-recognition.yaml explains all settings"
        raise refusal([*twice, *mistakes], where=path, hint=hint)
    return recipe


def changed(recipe: Recipe, flags: Mapping[str, int | None]) -> Recipe:
    """The Recipe with what the flags of these names say, where they say something. Raises SettingsError."""
    wanted = {name: value for name, value in flags.items() if value is not None}
    new, mistakes = _checked(recipe.model_dump() | wanted)
    if new is None:
        hint = "`recto train --help` lists the flags"
        raise refusal((f"--{mistake}" for mistake in mistakes), where="command line", hint=hint)
    return new


class _Loader(yaml.SafeLoader):
    """Safe YAML in which `5e-4` is a number, as in YAML 1.2, and no text."""


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+[eE][-+]?[0-9]+"), list("-+0123456789")
)


def _parsed(text: str) -> tuple[object, list[str]]:
    """What YAML holds ({} for nothing), and which names stand there twice: YAML would take the last."""
    loader = _Loader(text)
    node = loader.get_single_node()
    if node is None:
        return {}, []
    lines: dict[str, list[str]] = {}
    for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
        lines.setdefault(str(key.value), []).append(str(key.start_mark.line + 1))
    twice = [f"{key}: stands there twice, in lines {' and '.join(at)}" for key, at in lines.items() if at[1:]]
    return loader.construct_document(node), twice


def _checked(raw: Mapping[str, object]) -> tuple[Recipe | None, list[str]]:
    """The Recipe, or all that is wrong."""
    try:
        return Recipe.model_validate(raw), []
    except ValidationError as error:
        return None, [_told(detail) for detail in error.errors()]


def _told(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return unknown(name, name, tuple(Recipe.model_fields))
    return sentence(error, name)
