"""TextRecipe: everything that a fine-tuning of a language model of text depends on. It imports no torch.

`training/recipe` loads it from YAML; `recipes/extract-llm-qlora.yaml` explains every setting.
"""

from typing import Literal

from pydantic import Field

from recto.training.lora.recipe import LoraRecipe, Method
from recto.training.recipe_table import Count


class TextRecipe(LoraRecipe):
    """A fine-tuning of `model` to find the fields of the schema `fields_of` (as `recto extract --schema`).

    Pages are read by `engine`, with the model folder `read_with` if there is one; extraction pairs bring
    their text along. Of a text that leaves no room within `max_tokens` for its answer, the end is left away.
    """

    kind: Literal["text"] = "text"
    model: str = Field(default="qwen3-1.7b", min_length=1)
    fields_of: str = Field(default="receipt", min_length=1)
    engine: str = "ppocr"
    read_with: str | None = None
    method: Method = "qlora"
    preset: Literal["attention", "language"] = "language"
    alpha: int = Field(default=32, ge=1, le=4096)
    batch_pages: Count = 4
    accumulation: Count = 1
    learning_rate: float = Field(default=5e-5, gt=0, le=1)
    max_tokens: Count = 2048
    max_new_tokens: Count = 512
