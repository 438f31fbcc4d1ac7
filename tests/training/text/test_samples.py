import json

import pytest

from recto.datasets.example import Example, JsonValue
from recto.engines.text.model import tools_of
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import IGNORED, end_id
from recto.errors import TrainingError
from recto.extraction.loading import schema_from_json
from recto.extraction.schema import Schema
from recto.training.text.reading import Read, Reader
from recto.training.text.recipe import TextRecipe
from recto.training.text.samples import TextSamples, taught_answer

from .conftest import SCHEMA

TEXT = "Corner Shop Ltd\nDate: 09/01/2019\nTea 1.50\nTea 1.50\nTOTAL EUR 1.234,50\nPaid [x]"
WIDE: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        **SCHEMA["properties"],
        "paid": {"type": "boolean"},
        "kind": {"type": "string", "enum": ["bill", "receipt"]},
        "items": {
            "type": "array",
            "items": {"type": "object", "properties": {"description": {"type": "string"}}},
        },
    },
}


def schema(wanted: dict[str, JsonValue] = WIDE) -> Schema:
    return schema_from_json(wanted, "bill")


def read(fields: dict[str, JsonValue], text: str = TEXT) -> Read:
    example = Example("a.txt", text.encode(), text, "receipt", fields=fields)
    (found,) = Reader(None).read([example])
    return found


def samples(loaded: Loaded, **changed: object) -> TextSamples:
    recipe = TextRecipe.model_validate({"max_tokens": 512} | changed)
    return TextSamples(loaded, tools_of(loaded), schema(SCHEMA), recipe)


def test_taught_is_what_stands_there_as_it_is_printed() -> None:
    taught = taught_answer(
        schema(),
        read({
            "vendor": "CORNER SHOP LTD", "date": "2019-01-09", "total": "1234.50", "paid": True,
            "kind": "bill", "items": [{"description": "tea"}, {"description": "Coffee"}],
        }),
    )  # fmt: skip
    assert taught.answer == {
        "vendor": "Corner Shop Ltd", "date": "09/01/2019", "total": "1.234,50", "paid": True, "kind": None,
        "items": [{"description": "Tea"}, {"description": None}],
    }  # fmt: skip
    assert (taught.values, taught.left_out) == (5, 2)


def test_the_loss_is_on_the_answer_alone_and_that_ends(text_base: Loaded) -> None:
    made = samples(text_base)
    made.add(read({"vendor": "Corner Shop Ltd"}))
    made.add(read({"total": "1234.50"}, "TOTAL 1234.50"))
    batch = made.batch((0, 1))
    assert batch.labels is not None
    tokenizer = text_base.tokenizer
    for row, sample in zip(batch.labels, made.samples, strict=True):
        answer = row[row != IGNORED]
        assert tokenizer.decode(answer[:-1]) == sample.text
        assert int(answer[-1]) == end_id(text_base)
    assert json.loads(made.samples[1].text) == {"vendor": None, "date": None, "total": "1234.50"}
    assert made.answer_tokens((0, 1)) == batch.answer_tokens
    ids = batch.input_ids[0][batch.attention_mask[0].bool()]
    assert len(ids) == made.lengths[0]
    whole = tokenizer.decode(ids)
    assert "<document>\nCorner Shop Ltd\nDate: 09/01/2019" in whole
    assert whole.endswith(made.samples[0].text + tokenizer.eos_token)


def test_the_question_is_the_one_that_extraction_asks(text_base: Loaded) -> None:
    made = samples(text_base)
    made.add(read({"vendor": "Corner Shop Ltd"}))
    (sample,) = made.samples
    asked = tools_of(text_base).prompt(sample.question, 512)
    assert tuple(sample.prompt.input_ids.tolist()) == tuple(asked.prepared.input_ids.tolist())


def test_of_a_long_text_the_end_isnt_seen(text_base: Loaded) -> None:
    made = samples(text_base, max_tokens=300)
    made.add(read({"vendor": "Corner Shop Ltd"}, TEXT * 50))
    assert made.lengths == [300] and made.cut == 1
    short = samples(text_base, max_tokens=80)
    with pytest.raises(TrainingError, match="its answer takes"):
        short.add(read({"vendor": "Corner Shop Ltd"}))
