"""The recipe of a fine-tuning of the CPU engine (`kind: ctc`). It imports no torch."""

from typing import Literal

from pydantic import Field

from recto.training.recipe_table import Count, RecipeTable


class CtcRecipe(RecipeTable):
    """A step learns from `batch_lines` × `accumulation` lines, `batch_lines` at once."""

    kind: Literal["ctc"] = "ctc"
    epochs: Count = 6
    patience_epochs: Count = 3
    batch_lines: Count = 32
    accumulation: Count = 1
    learning_rate: float = Field(default=5e-4, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    warmup_share: float = Field(default=0.1, gt=0, lt=1)
    gradient_norm: float = Field(default=5.0, gt=0)
    max_train_lines: Count = 24_000
    max_val_lines: Count = 1_000
    min_val_characters: int = Field(default=6_000, ge=0, le=1_000_000_000)
    margin: float = Field(default=0.25, ge=0, le=1)
    blend: float = Field(default=0.8, gt=0, le=1)
    views: int = Field(default=2, ge=0, le=16)
    views_up_to: Count = 10_000
    small_marks: bool = True
    rivals: int = Field(default=200, ge=0, le=5_000)
    replay_lines: int = Field(default=2_000, ge=0, le=1_000_000_000)
    replay_weight: float = Field(default=4.0, ge=0)

    @property
    def step_lines(self) -> int:
        """Lines that one step of the optimiser learns from."""
        return self.batch_lines * self.accumulation
