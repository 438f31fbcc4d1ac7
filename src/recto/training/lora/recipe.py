"""LoraRecipe: what every fine-tuning of a language model depends on; VlmRecipe: of one that sees. No torch.

`training/recipe` loads them from YAML; `recipes/deepseek-ocr-lora.yaml` explains every setting. The recipe of
models of text is in `training/text`.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from recto.engines.vlm.tasks import Task
from recto.settings.table import Experts
from recto.training.recipe_table import Count, RecipeTable

_Steps = Annotated[int, Field(ge=0, le=1_000_000_000)]

Backend = Literal["auto", "transformers", "unsloth"]
Method = Literal["full", "lora", "lora-8bit", "qlora"]
Preset = Literal["attention", "language", "all", "experts"]
Optimiser = Literal["auto", "adamw", "adamw-8bit", "paged-adamw-8bit"]
Schedule = Literal["cosine", "linear", "constant"]
PaddingFree = Literal["auto", True, False]

BITS: dict[Method, int] = {"full": 16, "lora": 16, "lora-8bit": 8, "qlora": 4}
"""Bits that each weight of the frozen base takes (routed experts that are parameters stay at 16)."""


class LoraRecipe(RecipeTable):
    """`method` says what is trained: all weights, or adapters on a base of 16, 8 or 4 bits; `preset` where:
    `attention` and `language` in the language layers, `experts` also their routed experts, `all` in the
    vision layers too. A step learns from `batch_pages` × `accumulation` pages, `batch_pages` at once; the
    rate rises for `warmup_steps`, or a fifth of all steps where that is less.
    With `padding_free` pages of a batch stand one after the other, by `experts` routed experts are computed,
    and `compile` compiles the language layers for steps.
    `max_tokens` bounds prompt, image and answer together. The model is tried on `val_pages` pages each epoch,
    or each `evaluate_every_steps` where that isn't 0, and training stops after `patience` trials without a
    better CER.
    """

    model: str = Field(min_length=1)
    backend: Backend = "auto"
    method: Method = "lora"
    preset: Preset = "attention"
    rank: int = Field(default=16, ge=1, le=1024)
    alpha: int = Field(default=16, ge=1, le=4096)
    dropout: float = Field(default=0.05, ge=0, lt=1)
    epochs: Count = 3
    batch_pages: Count = 8
    accumulation: Count = 2
    learning_rate: float = Field(default=2e-4, gt=0, le=1)
    weight_decay: float = Field(default=0.0, ge=0, le=1)
    schedule: Schedule = "cosine"
    warmup_steps: _Steps = 10
    gradient_norm: float = Field(default=1.0, gt=0)
    optimiser: Optimiser = "auto"
    gradient_checkpointing: bool = True
    padding_free: PaddingFree = "auto"
    experts: Experts = "auto"
    compile: bool = False
    dtype: Literal["auto", "bfloat16", "float32"] = "auto"
    attention: Literal["auto", "flash", "sdpa", "eager"] = "auto"
    max_tokens: Count = 8192
    checkpoint_every_steps: _Steps = 50
    evaluate_every_steps: _Steps = 0
    val_pages: Count = 64
    max_new_tokens: Count = 2048
    patience: Count = 3

    @property
    def step_pages(self) -> int:
        """Pages that one step of the optimiser learns from."""
        return self.batch_pages * self.accumulation

    @property
    def adapts(self) -> bool:
        """Whether adapters are trained, and the base stays as it is."""
        return self.method != "full"

    @model_validator(mode="after")
    def _experts_without_dropout(self) -> "LoraRecipe":
        if self.preset == "experts" and self.adapts and self.dropout:
            raise ValueError("preset `experts` needs `dropout: 0`: adapters on experts can't have any")
        return self


class VlmRecipe(LoraRecipe):
    """A fine-tuning of a model that sees: pages in a `mode`, read for a `task`. A page of more than
    `max_tokens` stops the training. `cache_vision` keeps what a frozen tower sees.
    """

    kind: Literal["lora"] = "lora"
    model: str = Field(default="deepseek-ocr-2", min_length=1)
    task: Annotated[Task, Field(strict=False)] = Task.TEXT
    mode: str = "base"
    cache_vision: bool = True

    @model_validator(mode="after")
    def _answers_with_the_text(self) -> "VlmRecipe":
        if self.task is Task.LOCATE:
            raise ValueError("task `locate` asks for a place, and a page's text is no answer to that")
        return self
