"""Generating: prepared pages → what the model writes about them, with the probability of each token.

Pages of a batch are padded on the left, so that all answers begin at the same place. On a CPU in float32 a
page reads in a batch as it reads alone, token by token (under test; elsewhere last bits of sums may differ).
Looping answers are cut here. Marks of places are still in the text: `engines/vlm/grounding` takes them out.

transformers' continuous batching isn't used: in 5.17 it takes prompts of text only, no pictures.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate

from recto.documents.transcript import Finish
from recto.engines.vlm.choosing import Likelihoods, NoRepeatedNGrams, table_tokens
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.loops import find_loop
from recto.engines.vlm.packages import torch, transformers
from recto.engines.vlm.preparing import Input, Prepared, end_id, gather, pad_id
from recto.engines.vlm.seeing import seen
from recto.errors import EngineError

_CHUNK_TOKENS = 256  # how many tokens' logits, 129,000 wide, are alive at once where beams are scored
_BROKEN = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True)
class Decoding:
    """How tokens are chosen. `temperature` 0 takes the likeliest; above it `top_p`, `top_k` and `seed` count.

    `beams` 1 is no search. `no_repeat_ngram` 0 forbids nothing, `ngram_window` 0 looks at the whole answer.
    `least_tokens` keeps the answer from ending (benchmarks write answers of one length). `static_cache` keeps
    room for the longest answer from the start, and lets PyTorch `compile` the step that is done per token.
    """

    max_new_tokens: int = 4096
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    beams: int = 1
    repetition_penalty: float = 1.0
    no_repeat_ngram: int = 30
    ngram_window: int = 90
    seed: int = 0
    least_tokens: int = 0
    static_cache: bool = False
    compile: bool = False


@dataclass(frozen=True, slots=True)
class Generated:
    """What was written about one page: complete, truncated (`max_new_tokens`), or repeating and then cut.

    `token_ids` are all tokens up to the end of the text, `logprobs` their natural logarithms as the model
    itself had them, `ends` where in `text` each token's characters end. `written_tokens` counts all.
    """

    text: str
    token_ids: tuple[int, ...] = field(repr=False)
    logprobs: tuple[float, ...] = field(repr=False)
    ends: tuple[int, ...] = field(repr=False)
    finish: Finish
    written_tokens: int

    def logprobs_of(self, start: int, end: int) -> tuple[float, ...]:
        """The logarithms of the probabilities of the tokens that wrote `text[start:end]`."""
        first, last = bisect_right(self.ends, start), bisect_left(self.ends, end) + 1
        return self.logprobs[first:last]


def generate(
    loaded: Loaded, pages: Sequence[Prepared], decoding: Decoding, most: Sequence[int] | None = None
) -> list[Generated]:
    """What the model writes about each of `pages`, in order, all at once.

    `most` is how many tokens of each are kept, as if that had been the `max_new_tokens` of that page alone.
    Raises EngineError where there is no room for an answer. That memory ran out is torch's own error: whoever
    chose the size of the batch knows what to do.
    """
    batch = gather(pages, pad="left", loaded=loaded).to(loaded.placement.device, loaded.placement.dtype)
    prompt = batch.input_ids.shape[1]
    room = _room(loaded, prompt, decoding.max_new_tokens)
    likelihoods = Likelihoods()
    with torch.no_grad(), _seeded(loaded, decoding), without_defaults(loaded):
        inputs = seen(loaded, batch)
        sequences = loaded.model.generate(
            **inputs,
            generation_config=_configuration(loaded, decoding, room),
            logits_processor=_processors(loaded, decoding, prompt, likelihoods),
        )
        searched = decoding.beams > 1
        logprobs = _rescored(loaded, inputs, sequences) if searched else likelihoods.of(sequences, prompt)
    limits = most or [room] * len(pages)
    written = [row[:limit] for row, limit in zip(sequences[:, prompt:].tolist(), limits, strict=True)]
    return [_generated(loaded, *row) for row in zip(written, logprobs.tolist(), strict=True)]


def _room(loaded: Loaded, prompt: int, wanted: int) -> int:
    """How many tokens may be written: as many as wanted, or as the model can keep in mind."""
    positions = loaded.model.config.get_text_config(decoder=True).max_position_embeddings
    if prompt >= positions:
        raise EngineError(
            f"page and prompt take {prompt} tokens of the {positions} that {loaded.architecture.name} has",
            hint="a smaller mode takes fewer",
        )
    return min(wanted, int(positions) - prompt)


def _configuration(loaded: Loaded, decoding: Decoding, room: int) -> transformers.GenerationConfig:
    sampled = decoding.temperature > 0
    return transformers.GenerationConfig(
        max_new_tokens=room,
        min_new_tokens=min(decoding.least_tokens, room) or None,
        do_sample=sampled,
        temperature=decoding.temperature if sampled else None,
        top_p=decoding.top_p if sampled else None,
        top_k=decoding.top_k if sampled else None,
        num_beams=decoding.beams,
        eos_token_id=end_id(loaded),
        pad_token_id=pad_id(loaded),
        use_cache=True,
        cache_implementation="static" if decoding.static_cache else None,
        compile_config=_compiling(loaded) if decoding.compile else None,
        disable_compile=not decoding.compile,
        return_dict_in_generate=False,
    )


@contextmanager
def without_defaults(loaded: Loaded) -> Iterator[None]:
    """Whatever `generation_config.json` of the weights says, counts for nothing (and isn't warned of)."""
    own = loaded.model.generation_config
    loaded.model.generation_config = transformers.GenerationConfig()
    try:
        yield
    finally:
        loaded.model.generation_config = own


def _processors(
    loaded: Loaded, decoding: Decoding, prompt: int, likelihoods: Likelihoods
) -> transformers.LogitsProcessorList:
    processors = transformers.LogitsProcessorList([] if decoding.beams > 1 else [likelihoods])
    if decoding.repetition_penalty != 1.0:
        penalty = transformers.RepetitionPenaltyLogitsProcessor
        processors.append(penalty(float(decoding.repetition_penalty), prompt_ignore_length=prompt))
    if decoding.no_repeat_ngram:
        allowed = table_tokens(loaded.tokenizer.get_vocab())
        size, window = decoding.no_repeat_ngram, decoding.ngram_window
        processors.append(NoRepeatedNGrams(size, window, prompt=prompt, allowed=allowed))
    return processors


def _compiling(loaded: Loaded) -> transformers.CompileConfig:
    """CUDA graphs where there are such; elsewhere only fused kernels."""
    if loaded.placement.device.startswith("cuda"):
        return transformers.CompileConfig(mode="reduce-overhead", dynamic=False)
    compiling = transformers.CompileConfig(mode="default", dynamic=False)
    compiling._compile_all_devices = True  # transformers compiles on GPUs only, unless told so
    return compiling


@contextmanager
def _seeded(loaded: Loaded, decoding: Decoding) -> Iterator[None]:
    """Random numbers from the seed; those of the rest of the program go on as if nothing had been drawn."""
    if decoding.temperature <= 0:
        yield
        return
    kind, _, number = loaded.placement.device.partition(":")
    on_gpu = kind in ("cuda", "xpu")
    with torch.random.fork_rng([int(number or 0)] if on_gpu else [], device_type=kind if on_gpu else "cuda"):
        torch.manual_seed(decoding.seed)
        yield


def _rescored(loaded: Loaded, inputs: Mapping[str, Input], sequences: torch.Tensor) -> torch.Tensor:
    """The log probabilities of what a beam search wrote, by reading it once more, a few logits at a time."""
    prompt = torch.as_tensor(inputs["input_ids"]).shape[1]
    written = sequences[:, prompt:]
    whole = {name: _longer(name, value, written, loaded) for name, value in inputs.items()}
    if "inputs_embeds" in whole:
        del whole["input_ids"]
    hidden = loaded.model.base_model(**whole).last_hidden_state[:, prompt - 1 : -1]
    parts = []
    for start in range(0, written.shape[1], _CHUNK_TOKENS):
        chunk = slice(start, start + _CHUNK_TOKENS)
        logits = loaded.model.get_output_embeddings()(hidden[:, chunk]).float()
        parts.append(logits.log_softmax(-1).gather(2, written[:, chunk, None]).squeeze(2))
    return torch.cat(parts, dim=1).cpu()


def _longer(name: str, value: Input, written: torch.Tensor, loaded: Loaded) -> Input:
    """What the prompt has token by token, the answer has as well: it is seen, and is no picture."""
    more: dict[str, Callable[[], torch.Tensor]] = {
        "input_ids": lambda: written,
        "inputs_embeds": lambda: loaded.model.get_input_embeddings()(written),
        "attention_mask": lambda: torch.ones_like(written),
        "mm_token_type_ids": lambda: torch.zeros_like(written),
    }
    if name not in more or not isinstance(value, torch.Tensor):
        return value
    return torch.cat([value, more[name]().to(value.dtype)], dim=1)


def _generated(loaded: Loaded, written: list[int], logprobs: list[float]) -> Generated:
    end = end_id(loaded)
    was_cut = end not in written
    tokens = written if was_cut else written[: written.index(end)]
    pieces = spelt(loaded.tokenizer, tokens)
    ends = list(accumulate(map(len, pieces)))
    text = "".join(pieces)
    finish = Finish.TRUNCATED if was_cut else Finish.COMPLETE
    kept = len(tokens)
    if loop := find_loop(text, was_cut=was_cut):
        text, finish = text[: loop.end], Finish.REPEATING
        kept = bisect_left(ends, loop.end) + 1
    written_tokens = len(tokens) + (not was_cut)
    return Generated(
        text, tuple(tokens[:kept]), tuple(logprobs[:kept]), tuple(ends[:kept]), finish, written_tokens
    )


def spelt(tokenizer: transformers.PreTrainedTokenizerBase, tokens: Sequence[int]) -> list[str]:
    """The characters of each token; together they are the text of all.

    A character of which several tokens hold the bytes belongs to the last of them. Tokens for beginning, end
    and padding have none: a model may write them, but no page shows them. Marks of places and tables stay.
    """
    if not tokens:
        return []
    steering = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    pieces: list[str] = tokenizer.batch_decode(
        [[] if token in steering else [token] for token in tokens], clean_up_tokenization_spaces=False
    )
    start = 0
    for at, piece in enumerate(pieces):
        if _BROKEN not in piece:
            start = at + 1
            continue
        joined = tokenizer.decode(tokens[start : at + 1], clean_up_tokenization_spaces=False)
        if not joined.endswith(_BROKEN) or at + 1 - start >= 4:
            pieces[start : at + 1] = [""] * (at - start) + [joined]
            start = at + 1
    return pieces
