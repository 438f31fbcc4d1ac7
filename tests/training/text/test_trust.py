"""What a language model's confidences come to, by what of its answers was right."""

import json
import math

from recto.datasets.example import Example
from recto.documents.transcript import Finish
from recto.engines.text.writing import Written
from recto.extraction.loading import schema_from_json
from recto.extraction.ranker import Calibration
from recto.extraction.sheet import sheet_of
from recto.extraction.texts import transcripts_of_text
from recto.training.text.reading import Read
from recto.training.text.trust import FEWEST, calibrated

SCHEMA = schema_from_json(
    {"type": "object", "properties": {"shop": {"type": "string"}, "town": {"type": "string"}}}, "small"
)
TEXT = "Corner Shop\nLondon"


def answer(said: str, right: str, chance: float = 0.99) -> tuple[Read, Written]:
    """A document that has the shop `right`, and an answer that says `said`, all of it as sure as `chance`."""
    example = Example("a.txt", b"", TEXT, "receipt", fields={"shop": right})
    text = json.dumps({"shop": said, "town": "London"})
    logprobs = tuple(math.log(chance) if place == 0 else 0.0 for place in range(len(text)))
    spread = (*(0.0,) * 9, *logprobs[:1], *(0.0,) * (len(text) - 10))
    written = Written(text, Finish.COMPLETE, 0, tuple(range(1, len(text) + 1)), spread)
    return Read(example, sheet_of(transcripts_of_text(TEXT, "a.txt"))), written


def test_a_model_that_is_too_sure_is_taken_less_seriously() -> None:
    answers = [answer("Corner Shop", "Corner Shop"), answer("Corner Shop", "Other Shop")] * 20
    calibration, count = calibrated(SCHEMA, answers)
    assert count == 40  # what nobody labelled isn't judged
    assert 0.4 < calibration.of(0.99, 0.0, known=False) < 0.7


def test_a_model_that_is_right_and_hardly_sure_is_taken_more_seriously() -> None:
    answers = [answer("Corner Shop", "Corner Shop", 0.4)] * FEWEST
    calibration, _ = calibrated(SCHEMA, answers)
    assert 0.7 < calibration.of(0.4, 0.0, known=False) < 1


def test_what_isnt_grounded_and_few_values_teach_nothing() -> None:
    few = [answer("Corner Shop", "Corner Shop"), answer("Corner Shop", "Other Shop")]
    strange = [answer("Nowhere", "Corner Shop"), answer("Nowhere", "Nowhere")] * FEWEST
    for answers in (few, strange, []):
        assert calibrated(SCHEMA, answers) == (Calibration(), 0)
