"""The engine of vision-language models: DeepSeek-OCR, Qwen-VL, in transformers.

page → preparing (pixels and prompt) → generating (guarded) → grounding or Markdown → Transcript

What differs between models is in `architectures`, `modes` and `tasks`; where one computes in `device`; how
weights and adapters get there in `loading` and `adapters`. Nothing heavy is imported before `load`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recto.engines.vlm.reader import VlmEngine
    from recto.settings import Settings

__all__ = ["load"]


def load(model: Path | None = None, *, settings: "Settings | None" = None) -> "VlmEngine":
    """The engine as the catalog loads it: with the model folder `model`, or with the base weights of `[vlm]`.

    Without `settings` those of the workspace around the current folder count, or the defaults. Raises
    MissingPackage, ModelNotFound (with the command that gets the weights), ModelFolderError or EngineError.
    """
    from recto.engines.vlm.reader import open_engine
    from recto.settings import settings_here

    return open_engine(model, settings or settings_here(Path()))
