"""Constraint: of all tokens only those that keep the answer a beginning of JSON of the wanted shape.

The grammar is llguidance's: it compiles a JSON Schema for a tokenizer, and says after each token which may
follow. It needs no torch, and has wheels for Linux, macOS and Windows. The JSON has no blanks between its
parts, and its properties stand in the schema's order: so it is taught, too.
"""

import json
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from recto.engines.vlm.packages import torch, transformers
from recto.errors import EngineError, MissingPackage, QuestionRefused

try:
    import llguidance
except ImportError as error:
    raise MissingPackage(
        f"JSON of a given shape needs the package {error.name}", hint="pip install 'recto[vlm]'"
    ) from error

_COMPACT = {"whitespace_flexible": False, "item_separator": ",", "key_separator": ":"}
_WORD_BITS = 32


def compact(value: JsonValue) -> str:
    """A value as the JSON that a grammar lets a model write."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class Grammars:
    """The grammars of one tokenizer, each compiled once; `width` counts the model's logits."""

    def __init__(self, tokenizer: transformers.PreTrainedTokenizerBase, end: int, width: int) -> None:
        """`end` is the token that closes an answer. Raises EngineError for a slow tokenizer."""
        if not isinstance(tokenizer, transformers.PreTrainedTokenizerFast):
            raise EngineError(
                f"the tokenizer ({type(tokenizer).__name__}) has no form that a grammar can be compiled for",
                hint="its weights need a tokenizer.json",
            )
        plain = tokenizer.backend_tokenizer.to_str()
        self._tokenizer = llguidance.LLTokenizer(plain, n_vocab=width, eos_token=end)
        self._compiled: dict[str, llguidance.LLMatcher] = {}
        self.end, self.width = end, width

    def matcher(self, shape: Mapping[str, JsonValue]) -> llguidance.LLMatcher:
        """A new matcher at the beginning of an answer. Raises QuestionRefused for a shape of no grammar."""
        key = json.dumps(shape)
        if key not in self._compiled:
            grammar = llguidance.LLMatcher.grammar_from_json_schema(key, overrides=_COMPACT)
            matcher = llguidance.LLMatcher(self._tokenizer, grammar)
            if matcher.is_error():
                raise QuestionRefused(f"no grammar can be made of this shape: {matcher.get_error()}")
            self._compiled[key] = matcher
        return self._compiled[key].deep_copy()


class Allowed(transformers.LogitsProcessor):  # type: ignore[misc]  # which is untyped
    """Forbids each token that the row's matcher doesn't allow; after its JSON is whole, all but the end."""

    def __init__(self, matchers: Sequence[llguidance.LLMatcher], grammars: Grammars) -> None:
        self._matchers, self._grammars = matchers, grammars
        words = -(-grammars.width // _WORD_BITS)
        self._words = torch.zeros((len(matchers), words), dtype=torch.int32)
        self._began = False

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """`scores` with minus infinity at what is forbidden. Raises EngineError if a grammar breaks off."""
        if self._began:
            for matcher, token in zip(self._matchers, input_ids[:, -1].tolist(), strict=True):
                if not matcher.is_stopped():
                    matcher.consume_token(token)
        self._began = True
        for row, matcher in enumerate(self._matchers):
            self._note(row, matcher)
        return scores.masked_fill(~self._bits(scores), float("-inf"))

    def _note(self, row: int, matcher: llguidance.LLMatcher) -> None:
        if matcher.is_error():
            raise EngineError(f"the grammar of the answer broke off: {matcher.get_error()}")
        if matcher.is_stopped():
            self._words[row] = 0
            place, bit = divmod(self._grammars.end, _WORD_BITS)
            self._words[row, place] = torch.tensor(1 << bit, dtype=torch.int64).to(torch.int32)
        else:
            words = self._words[row]
            matcher.unsafe_compute_mask_ptr(words.data_ptr(), words.numel() * words.element_size())

    def _bits(self, scores: torch.Tensor) -> torch.Tensor:
        words = self._words.to(scores.device)
        shifts = torch.arange(_WORD_BITS, dtype=torch.int32, device=scores.device)
        bits = ((words[:, :, None] >> shifts) & 1).flatten(1).bool()
        return bits[:, : scores.shape[1]]
