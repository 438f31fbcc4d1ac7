"""The libraries that vision-language models need, and what to install where they are missing."""

import logging

from recto.errors import MissingPackage

# peft imports bitsandbytes where it is installed, which then recommends a package that is only quicker.
logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)

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
