"""What a person's look is worth, by tables."""

import dataclasses

import pytest

from recto.corrections.doubt import UNSAID, Doubt, doubt_from_json, doubt_of, importance_of
from recto.documents.transcript import Finish, Line, Transcript, Word
from recto.settings import ReviewSettings

BOX = (0.0, 0.0, 9.0, 9.0)


def reading(*lines: tuple[str, float | None], finish: Finish = Finish.COMPLETE) -> Transcript:
    text = "\n".join(line for line, _ in lines)
    return Transcript("x", 1, 9, 9, text, tuple(Line(t, BOX, c) for t, c in lines), "e", finish=finish)


@pytest.mark.parametrize(
    ("of", "errors"),
    [
        (reading(("one two", 0.9), ("three", 0.5)), 0.2 + 0.5),
        (reading(("one two", None)), 2 * UNSAID),
        (reading(("one two three", 1.0), finish=Finish.TRUNCATED), 3.0),
        (reading(("one two three", 1.0), finish=Finish.REPEATING), 3.0),
        (reading(), 0.0),
        (Transcript("x", 1, 9, 9, "four words without lines", (), "e"), 4 * UNSAID),
    ],
)
def test_expected_errors(of: Transcript, errors: float) -> None:
    assert doubt_of(of).errors == pytest.approx(errors)


def test_words_that_tell_for_themselves_count_as_they_do_whatever_their_line_says() -> None:
    told = Line("one two", BOX, 0.97, words=(Word(0.75), Word(0.5)))
    of = dataclasses.replace(reading(("three four", 0.75)), text="one two\nthree four")
    doubt = doubt_of(dataclasses.replace(of, lines=(told, *of.lines)))
    assert doubt.errors == 0.25 + 0.5 + 2 * 0.25
    assert doubt.calibrated(lambda _: 0.5).errors == 0.75 + 2 * 0.5, "lines alone are"
    assert doubt_from_json(doubt.to_json()) == doubt


def test_disagreement_is_that_with_whoever_reads_most_otherwise() -> None:
    of = reading(("one two three four", 1.0))
    assert doubt_of(of, ["one two three four"]).disagreement == 0
    assert doubt_of(of, ["one two three four", "one two 3 4"]).disagreement == 0.5


def test_what_a_look_is_worth() -> None:
    settings = ReviewSettings(importance={"invoice": 2.0, "legal": 3.0}, missing_field_words=5.0)
    doubt = Doubt(words=10, errors=1.5, disagreement=0.2, missing=("total",))
    assert doubt.value(importance_of("receipt", None, settings), settings) == 1.5 + 2 + 5
    assert doubt.value(importance_of("invoice", "legal", settings), settings) == 6 * 8.5
    assert doubt_from_json(doubt.to_json()) == doubt
