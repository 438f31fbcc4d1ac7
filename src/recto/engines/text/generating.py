"""Generating: prompts → JSON of their shapes, the likeliest token each time, with its probability.

A prompt is text, or a page with words about it. Those of a batch are padded on the left. On a CPU in float32
a prompt is answered in a batch as alone, token by token (under test).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import llguidance

from recto.documents.transcript import Finish
from recto.engines.text.constraint import Allowed, Grammars
from recto.engines.text.writing import Written
from recto.engines.vlm.choosing import Likelihoods
from recto.engines.vlm.generating import spelt, without_defaults
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.packages import torch, transformers
from recto.engines.vlm.preparing import Prepared, end_id, gather, pad_id
from recto.engines.vlm.seeing import seen
from recto.errors import EngineError


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in tokens, with its picture if it has one, the matcher of its answer, and how many characters
    of a document are in it.
    """

    prepared: Prepared
    matcher: llguidance.LLMatcher
    seen: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many tokens an answer may have, and how many seconds all of a batch may take (None: any)."""

    max_new_tokens: int
    timeout_s: float | None = None


def generate(loaded: Loaded, prompts: Sequence[Prompt], grammars: Grammars, bounds: Bounds) -> list[Written]:
    """The answers to all of `prompts`, at once; those that weren't whole within the bounds are truncated.

    Raises EngineError where there is no room for an answer. That memory ran out is torch's own error.
    """
    items = [prompt.prepared for prompt in prompts]
    batch = gather(items, pad="left", loaded=loaded).to(loaded.placement.device, loaded.placement.dtype)
    longest = batch.input_ids.shape[1]
    likelihoods = Likelihoods()
    allowed = Allowed([prompt.matcher for prompt in prompts], grammars)
    with torch.no_grad(), without_defaults(loaded):
        sequences = loaded.model.generate(
            **seen(loaded, batch),
            generation_config=_configuration(loaded, _room(loaded, longest, bounds), bounds.timeout_s),
            logits_processor=transformers.LogitsProcessorList([allowed, likelihoods]),
        )
    logprobs = likelihoods.of(sequences, longest).tolist()
    written = sequences[:, longest:].tolist()
    return [_written(loaded, *row) for row in zip(prompts, written, logprobs, strict=True)]


def room_of(loaded: Loaded) -> int:
    """How many tokens the model can keep in mind, prompt and answer together."""
    return int(loaded.model.config.get_text_config(decoder=True).max_position_embeddings)


def _room(loaded: Loaded, prompt: int, bounds: Bounds) -> int:
    positions = room_of(loaded)
    if prompt >= positions:
        raise EngineError(
            f"a prompt of {prompt} tokens leaves no room for an answer: the model has {positions}",
            hint="lower [text] max_prompt_tokens, or take a smaller [vlm] mode",
        )
    return min(bounds.max_new_tokens, positions - prompt)


def _configuration(loaded: Loaded, room: int, timeout_s: float | None) -> transformers.GenerationConfig:
    return transformers.GenerationConfig(
        max_new_tokens=room,
        do_sample=False,
        max_time=timeout_s,
        eos_token_id=end_id(loaded),
        pad_token_id=pad_id(loaded),
        use_cache=True,
        return_dict_in_generate=False,
    )


def _written(loaded: Loaded, prompt: Prompt, tokens: list[int], logprobs: list[float]) -> Written:
    end = end_id(loaded)
    was_cut = end not in tokens
    kept = tokens if was_cut else tokens[: tokens.index(end)]
    pieces = spelt(loaded.tokenizer, kept)
    return Written(
        text="".join(pieces),
        finish=Finish.TRUNCATED if was_cut else Finish.COMPLETE,
        seen=prompt.seen,
        ends=tuple(accumulate(map(len, pieces))),
        logprobs=tuple(logprobs[: len(kept)]),
    )
