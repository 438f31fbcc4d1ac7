"""Seeing: the pictures of a batch become vectors, in the places that the prompts keep for them.

DeepSeek-OCR-2 looks at a few pages at a time, however many are written about together: attention over the
4096 patches of one page takes up to a GiB, so looking at a whole batch at once would cost more memory than
writing does, and on a CPU it is slower as well. The other architectures see within their own forward pass.
"""

from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.packages import torch
from recto.engines.vlm.preparing import Batch, Input

_PAGES_AT_ONCE = 4
_PAGES_AT_ONCE_ON_CPU = 1  # measured: 0.5 s a page, 0.7 by fours, 0.8 by eights


def seen(loaded: Loaded, batch: Batch) -> dict[str, Input]:
    """What the model is called with: `batch.inputs`, with vectors instead of pixels where that can be."""
    if "num_local_patches" not in batch.inputs:
        return batch.inputs
    words = loaded.model.get_input_embeddings()(batch.input_ids)
    places = (batch.input_ids == loaded.model.config.image_token_id)[..., None]
    vectors = words.masked_scatter(places, _looked_at(loaded, batch).to(words.dtype))
    return {
        "input_ids": batch.input_ids,
        "attention_mask": batch.attention_mask,
        "inputs_embeds": vectors,
    }


def _looked_at(loaded: Loaded, batch: Batch) -> torch.Tensor:
    """The vectors of all pictures, one after the other."""
    on_cpu = loaded.placement.device == "cpu"
    pages, tiles = batch.inputs["pixel_values"], batch.inputs.get("pixel_values_local")
    tiles_of = torch.as_tensor(batch.inputs["num_local_patches"]).tolist()
    at_once = _PAGES_AT_ONCE_ON_CPU if on_cpu else _PAGES_AT_ONCE
    vectors: list[torch.Tensor] = []
    first = 0
    for start in range(0, len(tiles_of), at_once):
        counts = tiles_of[start : start + at_once]
        last = first + sum(counts)
        vectors += loaded.model.get_image_features(
            pixel_values=pages[start : start + at_once],
            pixel_values_local=None if tiles is None or first == last else tiles[first:last],
            num_local_patches=counts,
        ).pooler_output
        first = last
    return torch.cat(vectors)
