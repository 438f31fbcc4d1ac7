"""The libraries that vision-language models need, and what to install where they are missing."""

from recto.errors import MissingPackage

try:
    import torch
    import transformers
    from safetensors import SafetensorError
    from safetensors.torch import load_file
except ImportError as error:
    raise MissingPackage(
        f"vision-language models need the package {error.name}", hint="pip install 'recto[vlm]'"
    ) from error

transformers.utils.logging.disable_progress_bar()  # recto tells its own progress, in its own words

__all__ = ["SafetensorError", "load_file", "torch", "transformers"]
