"""Packing: the pages of a batch one after the other instead of side by side, so that none of it is padding.

The language layers get one row with the tokens of all pages, and positions that begin anew with each. MLPs,
experts and norms handle every token by itself and see no difference; attention is kept within each page: sdpa
is asked page by page, so no mask of all tokens by all tokens is made, and flash attention is told where pages
begin. The vision layers see batches of pictures as ever. Losses and gradients are those of a padded batch, to
rounding.
"""

from collections.abc import Sequence

import torch
import transformers
from torch import Tensor, nn
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import IGNORED, Batch, Input

BY_PAGE = "recto_by_page"
"""The name under which transformers knows `attention_by_page`."""


def keep_attention_within_pages(loaded: Loaded) -> None:
    """Let the language layers' sdpa attend page by page where a batch is packed; else it stays as it is."""
    if loaded.placement.attention == "sdpa":
        transformers.AttentionInterface.register(BY_PAGE, attention_by_page)
        transformers.AttentionMaskInterface.register(BY_PAGE, sdpa_mask)
        loaded.model.set_attn_implementation({"text_config": BY_PAGE})


def packed(batch: Batch, lengths: Sequence[int], attention: str) -> Batch:
    """`batch`, padded on the right, as one row without padding; `lengths` are tokens of each page.

    The model's attention must have been told by `keep_attention_within_pages`. The first token of a page is
    no label: the page before it doesn't predict it.
    """
    assert batch.labels is not None
    taken = batch.attention_mask.bool()
    labels = batch.labels.clone()
    labels[:, 0] = IGNORED
    device = taken.device
    inputs: dict[str, Input] = {
        **batch.inputs,
        "input_ids": batch.input_ids[taken][None],
        "attention_mask": torch.ones(1, sum(lengths), dtype=torch.long, device=device),
        "position_ids": torch.cat([torch.arange(length, device=device) for length in lengths])[None],
    }
    return Batch({**inputs, **_borders(lengths, attention, device)}, labels[taken][None])


def _borders(lengths: Sequence[int], attention: str, device: torch.device) -> dict[str, Input]:
    """Where pages begin, in the words of the implementation of attention."""
    if attention == "sdpa":
        return {"page_lengths": torch.tensor(lengths)}  # on the CPU: it is read there, in every layer
    starts = torch.tensor([0, *lengths], device=device).cumsum(0).int()
    longest = torch.tensor(max(lengths))
    return {
        "cu_seq_lens_q": starts, "cu_seq_lens_k": starts, "max_length_q": longest, "max_length_k": longest
    }  # fmt: skip


@torch.compiler.disable  # type: ignore[untyped-decorator]
def attention_by_page(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    page_lengths: Tensor | None = None,
    **options: object,
) -> tuple[Tensor, None]:
    """transformers' sdpa for each page by itself; for all at once where nothing is packed (`page_lengths`).

    What else transformers gives its attention functions (`options`) is handed on to its own.
    """
    if page_lengths is None:
        whole: tuple[Tensor, None] = sdpa_attention_forward(
            module, query, key, value, attention_mask, **options
        )
        return whole
    lengths = page_lengths.tolist()
    pages = zip(*(torch.split(each, lengths, dim=2) for each in (query, key, value)), strict=True)
    found = [sdpa_attention_forward(module, q, k, v, None, **options)[0] for q, k, v in pages]
    return torch.cat(found, dim=1), None
