"""Sight: what a frozen vision tower sees of a page, computed once per page instead of once per epoch.

The tower's output of a page is kept, and handed to the model where pixels would stand; everything after the
tower (projector, separator, language layers) is what it always is. Each page is seen alone, so that what is
kept depends on nothing but the page. The tower itself isn't changed, and a page that comes as pixels is seen
as ever: generating goes the same way.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import Prepared
from recto.training.lora.recipe import VlmRecipe

_PIXELS = ("pixel_values", "pixel_values_local")
_SEEING_ONCE = frozenset({"deepseek-ocr-2"})
"""Architectures whose tower takes pictures and gives one table of features for each."""
_FEATURES_DIMENSIONS = 3  # pictures × tokens × width; pixels have one more


def sees_once(loaded: Loaded, recipe: VlmRecipe) -> bool:
    """Whether pages can be seen once: the recipe allows it, and nothing that sees is trained."""
    return recipe.cache_vision and recipe.preset != "all" and loaded.architecture.name in _SEEING_ONCE


def seen(loaded: Loaded, page: Prepared) -> dict[str, Tensor]:
    """What stands in the place of the page's pixels from now on: the tower's features, on the CPU."""
    tower = _tower(loaded)
    placement = loaded.placement
    found = {}
    with torch.no_grad():
        for name, pixels in page.pixels.items():
            if name not in _PIXELS:
                found[name] = pixels
                continue
            pictures = torch.split(pixels.to(placement.device, placement.dtype), 1)
            found[name] = torch.cat([tower(picture).last_hidden_state.cpu() for picture in pictures])
    return found


def bytes_of(pixels: Mapping[str, Tensor]) -> int:
    """What tensors take in memory."""
    return sum(value.nbytes for value in pixels.values())


@contextmanager
def seeing(loaded: Loaded) -> Iterator[None]:
    """While the block runs, the model takes features where pixels would stand; pixels, too."""
    name = loaded.architecture.layers.vision[0]
    tower = _tower(loaded)
    parent = loaded.model.get_submodule(name.rpartition(".")[0])
    child = name.rpartition(".")[2]
    setattr(parent, child, _Seen(tower))
    try:
        yield
    finally:
        setattr(parent, child, tower)


class _Seen(nn.Module):
    """A tower that hands features on, and sees pixels as before."""

    def __init__(self, tower: nn.Module) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, pixel_values: Tensor, **options: object) -> BaseModelOutput:
        if pixel_values.dim() == _FEATURES_DIMENSIONS:
            return BaseModelOutput(last_hidden_state=pixel_values)
        return self.tower(pixel_values, **options)


def _tower(loaded: Loaded) -> nn.Module:
    found = loaded.model.get_submodule(loaded.architecture.layers.vision[0])
    return found.tower if isinstance(found, _Seen) else found
