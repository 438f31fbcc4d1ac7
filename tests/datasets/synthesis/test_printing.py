"""What is printed and what is said to be printed agree, by the pixels and by PDFium's own reading."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pypdfium2 as pdfium
import pytest

from recto.datasets.synthesis.composing import Paper, Pen, Setting, bind
from recto.datasets.synthesis.faces import (
    COURIER,
    DEJAVU_MONO,
    DEJAVU_SANS,
    DEJAVU_SERIF,
    HELVETICA,
    STIX,
    TIMES,
    Faces,
)
from recto.datasets.synthesis.houses import House, house
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.printing import print_page
from recto.datasets.synthesis.templates import TEMPLATES

FACES = (HELVETICA, TIMES, COURIER, DEJAVU_SANS, DEJAVU_SERIF, DEJAVU_MONO, STIX)
MORE = "and on until it breaks twice over."
TEXT = "Größe “œuvre” – 12,50 € ¿Qué tal? § 4 ° ™ «ñandú» J’ai été là."


def issuer(faces: Faces) -> House:
    return replace(house(1, 1, Kind.INVOICE, "de"), faces=faces, size_pt=11)


@pytest.mark.parametrize("faces", FACES, ids=lambda faces: faces.regular)
def test_boxes_are_the_ink(faces: Faces) -> None:
    """Every box is within two pixels of the dark pixels around it, in every face."""
    pen = Pen(issuer(faces))
    for size in (0.8, 1.0, 1.6):
        pen.write(TEXT, Setting(size=size, after=1))
    sheet = print_page(bind(pen, Paper())[0], 200)
    dark = sheet.image.min(axis=2) < 140
    everything = np.zeros_like(dark)
    for line in sheet.lines:
        x0, y0, x1, y1 = line.box
        near = dark[int(y0) - 3 : int(y1) + 4, int(x0) - 3 : int(x1) + 4]
        rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
        left, top = int(x0) - 3, int(y0) - 3
        seen = (left + columns[0], top + rows[0], left + 1 + columns[-1], top + 1 + rows[-1])
        assert np.abs(np.array(seen) - np.array(line.box)).max() <= 3, (line.text, seen, line.box)
        everything[int(y0) : int(y1) + 1, int(x0) : int(x1) + 1] = True
    assert not (dark & ~everything).any()


@pytest.mark.parametrize("faces", FACES, ids=lambda faces: faces.regular)
def test_text_is_what_was_written(faces: Faces) -> None:
    pen = Pen(issuer(faces))
    markup = f"{TEXT} <b>Bold</b> <i>slanted</i>, {MORE}"
    pen.write(markup, Setting(align="justified"), markup=True)
    lines = print_page(bind(pen, Paper())[0], 100).lines
    assert " ".join(line.text for line in lines) == f"{TEXT} Bold slanted, {MORE}"


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("code", ["en", "de", "fr", "es"])
def test_pdfium_reads_the_same_words(kind: Kind, code: str) -> None:
    for number, template in enumerate(TEMPLATES[kind]):
        pdf = template(house(2, number, kind, code), np.random.default_rng(number)).pdf
        document = pdfium.PdfDocument(pdf)
        layer = document[0].get_textpage()
        words = Counter("".join(layer.get_text_range().split()))
        layer.close()
        document.close()
        ours = Counter("".join("".join(line.text.split()) for line in print_page(pdf, 72).lines))
        assert ours == words


def test_a_till_roll_ends_below_its_last_line() -> None:
    pen = Pen(issuer(COURIER))
    pen.write("one line")
    pdf, _ = bind(pen, Paper(size_pt=(200, 800), margins_pt=(10, 10, 10, 10)))
    whole, cut = print_page(pdf, 72), print_page(pdf, 72, cut_margin_pt=16)
    assert whole.image.shape[0] == 800
    assert cut.image.shape[0] < 60
    assert cut.lines == whole.lines
