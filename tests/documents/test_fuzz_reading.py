"""Damaged and oddly shaped pictures, through the default engine: a transcript, or an error of ours.

`test_fuzz` stops at pages; here every page that comes out of the damage is really read.
"""

import io
import math
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from recto.documents.limits import Limits
from recto.documents.opening import open_document
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.errors import RectoError

LIMITS = Limits(max_pixels=1_000_000, max_pages=3)
FUZZ = settings(
    derandomize=True,
    deadline=None,
    max_examples=30,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)

few = st.integers(1, 3)
usual = st.integers(4, 300)
many = st.integers(1000, 5000)
sizes = st.one_of(
    st.tuples(usual, usual),
    st.tuples(st.just(1), usual),
    st.tuples(usual, st.just(1)),
    st.tuples(many, few),
    st.tuples(few, many),
    st.tuples(many, st.integers(10, 40)),
)
flips = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=4)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load("ppocr")


def picture(width: int, height: int, content: str) -> Image.Image:
    if content == "noise":
        return Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))
    image = Image.new("RGB", (width, height), "white")
    if content == "text":
        draw = ImageDraw.Draw(image)
        for y in range(2, height, 30):
            draw.text((2, y), "Total 12.50 EUR  " * (width // 150 + 1), fill="black", font_size=20)
    return image


@st.composite
def damaged_pictures(draw: st.DrawFn) -> bytes:
    width, height = draw(sizes)
    stream = io.BytesIO()
    kind = draw(st.sampled_from(["JPEG", "PNG"]))
    picture(width, height, draw(st.sampled_from(["text", "noise", "white"]))).save(stream, kind)
    data = bytearray(stream.getvalue())
    for share, value in draw(flips):
        data[int(share * (len(data) - 1))] = value
    return bytes(data[: int(len(data) * draw(st.sampled_from([1, 1, 1, 0.9])))])


def read_all(engine: Engine, data: bytes) -> None:
    """Read what can be read. Any exception that isn't ours fails the test."""
    try:
        for page in open_document(data, name="damaged", limits=LIMITS):
            (transcript,) = engine.read([page])
            assert (transcript.width, transcript.height) == (page.width, page.height)
            assert all(math.isfinite(value) for line in transcript.lines for value in line.box)
    except RectoError as error:
        assert "damaged" in str(error)


@FUZZ
@given(data=damaged_pictures())
def test_damage_is_read_or_refused(engine: Engine, data: bytes) -> None:
    read_all(engine, data)


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 2), (9000, 12), (12, 9000)])
@pytest.mark.parametrize("content", ["text", "noise", "white"])
def test_extreme_shapes_are_read(engine: Engine, size: tuple[int, int], content: str) -> None:
    stream = io.BytesIO()
    picture(*size, content).save(stream, "PNG")
    (page,) = open_document(stream.getvalue(), name="odd.png", limits=LIMITS)
    (transcript,) = engine.read([page])
    assert (transcript.width, transcript.height) == size


@pytest.mark.slow
@settings(FUZZ, max_examples=150 if os.environ.get("RECTO_SHORT_PROOFS") else 1000)
@given(data=damaged_pictures())
def test_more_damage_is_read_or_refused(engine: Engine, data: bytes) -> None:
    read_all(engine, data)
