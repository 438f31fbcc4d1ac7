import pytest

from recto.documents.transcript import Finish, Line, Transcript
from recto.extraction.running import RunningText
from recto.extraction.sheet import sheet_of

LINES = (
    Line("Seller:", (0, 0, 60, 10)), Line("Buyer: ACME Ltd", (200, 0, 350, 10)),
    Line("Café & Söhne GmbH", (0, 12, 170, 22)), Line("7 High Road", (200, 12, 310, 22)),
    Line("5 Main Street,", (0, 24, 140, 34)), Line("Leeds", (200, 24, 250, 34)),
    Line("London W1", (0, 36, 90, 46)),
    Line("We thank you for", (0, 60, 160, 70)), Line("your order 47-11.", (0, 72, 170, 82)),
)  # fmt: skip


def running() -> RunningText:
    pages = [
        Transcript("a.pdf", 1, 400, 100, "", LINES, "fake", Finish.COMPLETE),
        Transcript(
            "a.pdf", 2, 400, 100, "", (Line("ACME Ltd", (0, 0, 80, 10), 0.5),), "fake", Finish.COMPLETE
        ),
    ]
    return RunningText(sheet_of(pages))


@pytest.mark.parametrize(
    ("said", "printed", "box"),
    [
        ("acme ltd.", "ACME Ltd", (270, 0, 350, 10)),
        ("CAFE\u0301 söhne gmbh", None, None),  # another letter than é as one
        ("café söhne", "Café & Söhne", (0, 12, 120, 22)),
        ("5 Main Street, London W1", "5 Main Street, London W1", (0, 24, 140, 46)),
        ("Main Street London", "Main Street, London", (0, 24, 140, 46)),
        ("7 high road leeds", "7 High Road Leeds", (200, 12, 310, 34)),
        ("thank you for your order 4711", "thank you for your order 47-11", (0, 60, 160, 82)),
        ("ain Street", None, None),
        ("Main Stree", None, None),
        ("1 Fleet Street", None, None),
        ("-–,", None, None),
    ],
)  # fmt: skip
def test_a_text_is_found_by_its_letters_between_words(
    said: str, printed: str | None, box: tuple[float, ...] | None
) -> None:
    found = running().find(said)
    assert (found.printed if found else None) == printed
    if found and box:
        assert found.box == pytest.approx(box)
        assert found.first.page == 1


def test_no_text_runs_over_the_end_of_a_page() -> None:
    assert running().find("order 47-11. ACME Ltd") is None


def test_the_next_place_is_found_where_the_first_is_taken() -> None:
    text = running()
    first = text.find("ACME")
    assert first is not None
    place = (first.first.row, first.first.box[0], len(first.before))
    second = text.find("ACME", {place})
    assert second is not None and (second.first.page, second.confidence) == (2, 0.5)
    assert text.find("ACME", {place, (second.first.row, 0.0, 0)}) is None
