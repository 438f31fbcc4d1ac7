"""Parity: whether weights that were written, read again or merged compute what was trained.

The trained model reads a few pages; then every other form of it is led along the same answers, token by
token, and has to find each token as likely. That says more than equal texts (all tokens count, not only the
first that differs), and rounding can't tip a token that was a toss-up into a false alarm.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recto.engines.vlm.generating import Decoding, generate
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import IGNORED, Prepared, gather
from recto.errors import ParityError

SAME = 1e-3
"""Largest difference of a probability that is rounding where the same numbers are computed."""
MERGED_16_BIT = 0.1
"""…and where an adapter was added to weights of 16 bits, which rounds each of them. Not measured on a GPU."""
_PAGES = 4
TOKENS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the trained model wrote about `pages`.

    `likely` has for each token how likely it was, and how likely the likeliest (another, where a loop was
    being avoided).
    """

    pages: tuple[Prepared, ...]
    texts: tuple[str, ...]
    tokens: tuple[Tensor, ...]
    likely: tuple[Tensor, ...]


def answers_of(loaded: Loaded, pages: Sequence[Prepared], most_tokens: int = TOKENS) -> Answers:
    """Let the model as it is read a few of `pages`, up to so many tokens each."""
    chosen = tuple(pages[:_PAGES])
    loaded.model.eval()
    found = [generate(loaded, [page], Decoding(max_new_tokens=most_tokens))[0] for page in chosen]
    tokens = tuple(torch.tensor(one.token_ids, dtype=torch.long) for one in found)
    likely = tuple(_likely(loaded, page, ids) for page, ids in zip(chosen, tokens, strict=True))
    return Answers(chosen, tuple(one.text for one in found), tokens, likely)


def check_parity(loaded: Loaded, wanted: Answers, what: str, most: float = SAME) -> float:
    """The largest difference of a probability. Raises ParityError where it is more than `most`.

    Up to it, each token is the likeliest here as well, or as likely as that. `what` names the form of the
    model, for the message.
    """
    loaded.model.eval()
    worst = 0.0
    for page, tokens, likely in zip(wanted.pages, wanted.tokens, wanted.likely, strict=True):
        if tokens.numel():
            worst = max(worst, float((_likely(loaded, page, tokens) - likely).abs().max()))
    if not worst <= most:
        differs = f"differs from the trained one by {worst:.1e} in a token's probability"
        hint = "please report this; the model was not kept"
        raise ParityError(f"{what} {differs} (at most {most:.0e})", hint=hint)
    return worst


def _likely(loaded: Loaded, page: Prepared, tokens: Tensor) -> Tensor:
    """Tokens × 2: how likely each is after those before it, and how likely the likeliest is."""
    if not tokens.numel():
        return torch.zeros(0, 2)
    placement = loaded.placement
    batch = gather([page], [tokens], pad="right", loaded=loaded).to(placement.device, placement.dtype)
    assert batch.labels is not None
    with torch.no_grad():
        hidden = loaded.model.base_model(**batch.inputs, use_cache=False).last_hidden_state
        states = hidden[:, :-1][batch.labels[:, 1:] != IGNORED]
        chances = loaded.model.get_output_embeddings()(states).float().softmax(-1).cpu()
    return torch.stack([chances.gather(1, tokens[:, None]).squeeze(1), chances.max(-1).values], dim=1)
