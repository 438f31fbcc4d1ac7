"""Searchable PDFs: the picture is seen, the text isn't, and it is found where it stands, in any script."""

from io import BytesIO

import numpy as np
import pypdfium2 as pdfium
import pytest

from recto.documents.formats.searchable_pdf import searchable_pdf
from recto.documents.page import Image
from recto.documents.pdf import pdfium_lock
from recto.documents.transcript import Line, Polygon, Transcript

WIDTH, HEIGHT, DPI = 600, 800, 144.0
HALF = 72 / DPI


def page(seed: int = 0) -> Image:
    return (
        np.random.default_rng(seed)
        .integers(0, 256, (HEIGHT // 8, WIDTH // 8, 3), np.uint8)
        .repeat(8, 0)
        .repeat(8, 1)
    )


def pdf_of(*pages: tuple[Line, ...], text: str = "") -> bytes:
    stream = BytesIO()
    transcripts = [
        Transcript("a.pdf", n, WIDTH, HEIGHT, text, lines, "e", dpi=DPI)
        for n, lines in enumerate(pages, start=1)
    ]
    searchable_pdf([(page(t.page), t) for t in transcripts], stream)
    return stream.getvalue()


def found(data: bytes, wanted: str, number: int = 0) -> tuple[float, float, float, float]:
    """Where the text stands, in pixels of the page."""
    with pdfium_lock:
        pdf = pdfium.PdfDocument(data)
        layer = pdf[number].get_textpage()
        place = layer.search(wanted, match_case=True).get_next()
        assert place is not None, f"{wanted!r} isn't in {layer.get_text_range()!r}"
        boxes = [layer.get_charbox(place[0] + i) for i in range(place[1])]
        pdf.close()
    left, below, _, _ = (min(values) for values in zip(*boxes, strict=True))
    _, _, right, above = (max(values) for values in zip(*boxes, strict=True))
    return left / HALF, HEIGHT - above / HALF, right / HALF, HEIGHT - below / HALF


SCRIPTS = ["Größe 12,50 €", "Ελληνικά", "Итого к оплате", "合計 三千円", "मूल्य", "합계", "שלום", "مرحبا"]


@pytest.mark.parametrize("text", SCRIPTS)
def test_text_of_any_script_is_found_at_its_place(text: str) -> None:
    box = (50.0, 100.0, 450.0, 140.0)
    data = pdf_of((Line("first", (0, 0, 90, 20)), Line(text, box)))
    assert found(data, text) == pytest.approx(box, abs=1)
    assert found(data, "first") == pytest.approx((0, 0, 90, 20), abs=1)


@pytest.mark.parametrize(
    ("polygon", "box"),
    [
        (((100, 500), (100, 100), (130, 100), (130, 500)), (100, 100, 130, 500)),
        (((530, 100), (530, 500), (500, 500), (500, 100)), (500, 100, 530, 500)),
        (((500, 330), (100, 330), (100, 300), (500, 300)), (100, 300, 500, 330)),
    ],
)
def test_turned_lines_stand_where_they_are_seen(polygon: Polygon, box: tuple[float, ...]) -> None:
    assert found(pdf_of((Line("turned", (0, 0, 1, 1), None, polygon),)), "turned") == pytest.approx(
        box, abs=1
    )


def test_rare_characters_are_copied_too() -> None:
    """PDFium's search knows two-byte characters only; its text has them all."""
    with pdfium_lock:
        text = (
            pdfium.PdfDocument(pdf_of((Line("𝒳 rare 😀", (0, 0, 90, 20)),)))[0]
            .get_textpage()
            .get_text_range()
        )
    assert text == "𝒳 rare 😀"


def test_words_stand_in_their_share_of_the_line() -> None:
    data = pdf_of((Line("ab cdefg", (0, 0, 160, 20)),))
    assert found(data, "cdefg") == pytest.approx((60, 0, 160, 20), abs=1)


def test_the_page_looks_as_it_did() -> None:
    plain, searchable = pdf_of(()), pdf_of((Line("WWWW", (0, 0, WIDTH, HEIGHT)),))
    with pdfium_lock:
        seen = [pdfium.PdfDocument(data)[0].render(scale=1 / HALF).to_numpy() for data in (plain, searchable)]
    assert np.array_equal(*seen)
    assert seen[0].shape[:2] == (HEIGHT, WIDTH)
    difference = np.abs(seen[0][:, :, ::-1].astype(int)[:, :, -3:] - page(1).astype(int))
    assert difference.mean() < 15, "JPEG loses a little of such a wild picture"


def test_every_page_has_its_own_text_and_one_font_serves_all() -> None:
    data = pdf_of(*[(Line(f"page number {n}", (10, 10, 200, 30)),) for n in range(3)])
    for number in range(3):
        found(data, f"page number {number}", number)
    assert data.count(b"/FontFile2") <= 1


def test_text_without_places_is_searchable_too() -> None:
    data = pdf_of((), text="one row\nanother row")
    found(data, "another row")
