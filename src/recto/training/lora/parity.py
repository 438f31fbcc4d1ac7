"""Parity: whether weights that were written, read again or merged compute and read what was trained.

The trained model reads a few pages; then every other form of it is led along the same answers, token by
token, and has to find each token as likely. That says more than equal texts (all tokens count, not only the
first that differs). Then it reads the pages itself, and has to write the same texts: they may part only where
the trained model was undecided, which rounding may tip.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from recto.documents.transcript import Finish
from recto.engines.vlm.generating import Decoding, Generated, generate
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import IGNORED, Prepared, end_id, gather
from recto.errors import ParityError


@dataclass(frozen=True, slots=True)
class Limits:
    """How far probabilities may be apart: that of one token, and the mean over all tokens.

    A damaged layer shows in the mean, where rounding shows in single tokens that were toss-ups.
    """

    most: float
    mean: float


SAME = Limits(1e-3, 1e-4)
"""Where the same numbers are computed: what is left is the order of sums."""
_ROUNDED = 0.05
"""The largest difference of a token where 16 bits are rounded otherwise: by merging, by other kernels."""
_LOST, _NOISE, _MOST = 0.01, 1e-3, 2e-3
"""The mean one: a share of what the adapter changes, or of what tokens are likely anyway; never more.

On the tiny model, on a CPU, merging lost 0.0006 and 0.0013 of what two adapters change, and the least of all
matrices was worth 0.012 and 0.007 of it. Not measured on a GPU.
"""
_INT8, _INT8_TIMES = 8, 5
"""8 bits round what goes through them, too, which merged weights don't."""
_HINT = "please report this; the model was not kept"
_PAGES = 4
TOKENS = 256


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What the trained model wrote about `pages`, in at most `most_tokens` each.

    `tokens` are closed by the end token where the model ended. `likely` has for each token how likely it was,
    and how likely the likeliest of all others.
    """

    pages: tuple[Prepared, ...]
    most_tokens: int
    texts: tuple[str, ...]
    tokens: tuple[Tensor, ...]
    likely: tuple[Tensor, ...]


def answers_of(loaded: Loaded, pages: Sequence[Prepared], most_tokens: int = TOKENS) -> Answers:
    """Let the model as it is read a few of `pages`, up to so many tokens each."""
    chosen = tuple(pages[:_PAGES])
    loaded.model.eval()
    found = [generate(loaded, [page], Decoding(max_new_tokens=most_tokens))[0] for page in chosen]
    tokens = tuple(_tokens(loaded, one) for one in found)
    likely = tuple(_likely(loaded, page, ids) for page, ids in zip(chosen, tokens, strict=True))
    return Answers(chosen, most_tokens, tuple(one.text for one in found), tokens, likely)


def check_parity(loaded: Loaded, wanted: Answers, what: str, limits: Limits = SAME) -> float:
    """The largest difference of a token's probability.

    Raises ParityError where that, or the mean, is beyond `limits`, and where another text is read. `what`
    names the form of the model, for the message.
    """
    loaded.model.eval()
    worst, mean = _apart(loaded, wanted)
    if not (worst <= limits.most and mean <= limits.mean):
        differs = f"differs from the trained one by {worst:.1e} in a token's probability"
        mean_differs = f"by {mean:.1e} on average (at most {limits.most:.0e} and {limits.mean:.0e})"
        raise ParityError(f"{what} {differs}, {mean_differs}", hint=_HINT)
    _check_texts(loaded, wanted, what, limits)
    return worst


def merging_limits(base: Loaded, wanted: Answers) -> Limits:
    """How far merged weights may be from `base` with its adapter, which answered `wanted`.

    `base` is without it now: what an adapter changes says how much of it rounding may lose.
    """
    if base.bits == 16 and base.placement.dtype.itemsize == 4:
        return SAME
    usual = float(torch.cat([likely[:, 0] for likely in wanted.likely]).sum())
    tokens = sum(ids.numel() for ids in wanted.tokens)
    lost = max(_LOST * _apart(base, wanted)[1], _NOISE * usual / max(tokens, 1))
    times = _INT8_TIMES if base.bits == _INT8 else 1
    return Limits(_ROUNDED * times, min(lost, _MOST) * times)


def _apart(loaded: Loaded, wanted: Answers) -> tuple[float, float]:
    """The largest difference of a probability, and the mean one."""
    led = zip(wanted.pages, wanted.tokens, wanted.likely, strict=True)
    apart = torch.cat([(_likely(loaded, page, tokens) - likely).abs() for page, tokens, likely in led])
    return (float(apart.max()), float(apart.mean())) if apart.numel() else (0.0, 0.0)


def _check_texts(loaded: Loaded, wanted: Answers, what: str, limits: Limits) -> None:
    answers = zip(wanted.pages, wanted.texts, wanted.tokens, wanted.likely, strict=True)
    for page, text, tokens, likely in answers:
        found = generate(loaded, [page], Decoding(max_new_tokens=wanted.most_tokens))[0]
        if found.text != text and not _was_undecided(_tokens(loaded, found), tokens, likely, limits.most):
            raise ParityError(f"{what} reads {found.text[:60]!r}, the trained one {text[:60]!r}", hint=_HINT)


def _was_undecided(found: Tensor, tokens: Tensor, likely: Tensor, most: float) -> bool:
    """Whether another token was as likely where the trained model's answer and another one part."""
    shorter = min(found.numel(), tokens.numel())
    parted = (found[:shorter] != tokens[:shorter]).nonzero()
    if not parted.numel():
        return False
    chosen, other = likely[int(parted[0])].tolist()
    return bool(abs(chosen - other) <= 2 * most)


def _tokens(loaded: Loaded, found: Generated) -> Tensor:
    end = (end_id(loaded),) if found.finish is Finish.COMPLETE else ()
    return torch.tensor((*found.token_ids, *end), dtype=torch.long)


def _likely(loaded: Loaded, page: Prepared, tokens: Tensor) -> Tensor:
    """Tokens × 2: how likely each is after those before it, and how likely the likeliest other one is."""
    if not tokens.numel():
        return torch.zeros(0, 2)
    placement = loaded.placement
    batch = gather([page], [tokens], pad="right", loaded=loaded).to(placement.device, placement.dtype)
    assert batch.labels is not None
    with torch.no_grad():
        hidden = loaded.model.base_model(**batch.inputs, use_cache=False).last_hidden_state
        states = hidden[:, :-1][batch.labels[:, 1:] != IGNORED]
        chances = loaded.model.get_output_embeddings()(states).float().softmax(-1).cpu()
    chosen = chances.gather(1, tokens[:, None]).squeeze(1)
    return torch.stack([chosen, chances.scatter(1, tokens[:, None], 0.0).amax(-1)], dim=1)
