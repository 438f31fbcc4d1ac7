import json
import re

import jsonschema
import pytest
import torch

from recto.datasets.example import JsonValue
from recto.engines.text.constraint import Allowed, Grammars, compact
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import end_id
from recto.errors import EngineError

from .shapes import SHAPE, TEXT

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)

LINES: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"items": {"type": "array", "maxItems": 3, "items": SHAPE}, "note": TEXT},
    "required": ["items", "note"],
    "additionalProperties": False,
}


def grammars(loaded: Loaded) -> Grammars:
    return Grammars(loaded.tokenizer, end_id(loaded), loaded.model.config.vocab_size)


def written_at_random(loaded: Loaded, shapes: list[dict[str, JsonValue]], seed: int) -> list[str]:
    """What comes out where every token that is allowed is as likely as any other."""
    made = grammars(loaded)
    allowed = Allowed([made.matcher(shape) for shape in shapes], made)
    generator = torch.Generator().manual_seed(seed)
    ids = torch.zeros((len(shapes), 1), dtype=torch.long)
    while True:
        scores = allowed(ids, torch.zeros(len(shapes), made.width))
        new = torch.multinomial(scores.softmax(-1), 1, generator=generator)
        ids = torch.cat([ids, new], dim=1)
        if (ids == made.end).any(1).all():
            rows = ids[:, 1:].tolist()
            return [loaded.tokenizer.decode(row[: row.index(made.end)]) for row in rows]


@pytest.mark.parametrize("seed", range(4))
def test_whatever_is_drawn_the_json_has_its_shape(text_base: Loaded, seed: int) -> None:
    shapes = [SHAPE, LINES, SHAPE]
    for text, shape in zip(written_at_random(text_base, shapes, seed), shapes, strict=True):
        value = json.loads(text)
        jsonschema.validate(value, shape)
        assert list(value) == list(shape["properties"])  # in the schema's order
        assert " " not in _TEXT.sub("", text)  # compact: no blank but in texts


def test_every_answer_that_is_taught_may_be_written(text_base: Loaded) -> None:
    taught = compact({"items": [{"total": "9,00 €", "kind": "bill"}], "note": None})
    tokens = text_base.tokenizer.encode(taught, add_special_tokens=False)
    matcher = grammars(text_base).matcher(LINES)
    assert matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


def test_a_grammar_is_compiled_once_and_begins_anew_each_time(text_base: Loaded) -> None:
    made = grammars(text_base)
    first = made.matcher(SHAPE)
    assert first.consume_token(text_base.tokenizer.encode("{", add_special_tokens=False)[0])
    assert (
        made.matcher(SHAPE).try_consume_tokens(text_base.tokenizer.encode("{", add_special_tokens=False)) == 1
    )


def test_a_shape_that_no_grammar_keeps_is_an_error(text_base: Loaded) -> None:
    with pytest.raises(EngineError, match="no grammar can be made"):
        grammars(text_base).matcher({"type": "object", "properties": {"a": {"type": "colour"}}})
