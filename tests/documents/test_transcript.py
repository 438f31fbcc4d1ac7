"""Transcripts as JSON and back, with what is there only where it says something."""

import dataclasses
import json

import pytest

from recto.documents.transcript import Finish, Line, Transcript, Word, transcript_from_json

PLAIN = Transcript("a.pdf", 2, 100, 200, "one", (Line("one", (1.0, 2.0, 30.0, 14.0), 0.5),), "fake 1")
WORDS = (Word(0.9, (0.0, 0.25)), Word(0.5))
ALL = dataclasses.replace(
    PLAIN,
    lines=(Line("one two", (1.0, 2.0, 30.0, 14.0), 0.5, words=WORDS),),
    finish=Finish.REPEATING,
    is_markdown=True,
    warnings=("read 2 times: …",),
    release="4",
    dpi=72.0,
)


@pytest.mark.parametrize("transcript", [PLAIN, ALL], ids=["plain", "with everything"])
def test_json_gives_the_same_transcript(transcript: Transcript) -> None:
    assert transcript_from_json(json.loads(json.dumps(transcript.to_json()))) == transcript


def test_what_says_nothing_is_left_out() -> None:
    assert not {"markdown", "warnings"} & PLAIN.to_json().keys()
    assert ALL.to_json()["markdown"] is True
    assert ALL.to_json()["warnings"] == ["read 2 times: …"]
    assert "words" not in PLAIN.to_json()["lines"][0]
    assert ALL.to_json()["lines"][0]["words"] == [
        {"confidence": 0.9, "along": [0.0, 0.25]},
        {"confidence": 0.5},
    ]


def test_words_that_arent_those_of_the_text_are_refused() -> None:
    told = json.loads(json.dumps(ALL.to_json()))
    told["lines"][0]["text"] = "one"
    with pytest.raises(ValueError, match="1 words, and `words` 2"):
        transcript_from_json(told)


def test_a_line_that_has_the_whole_page_has_no_place() -> None:
    placeless = Line("two", (0, 0, 100, 200))
    assert PLAIN.has_places
    assert not dataclasses.replace(PLAIN, lines=(placeless,)).has_places
    assert dataclasses.replace(PLAIN, lines=(placeless, *PLAIN.lines)).has_places
    assert not dataclasses.replace(PLAIN, lines=()).has_places
