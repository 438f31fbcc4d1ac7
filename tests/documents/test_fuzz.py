"""Damaged files of every kind: pages, or an error of ours that names the file. Never anything else.

Hypothesis draws the damage; in this form it draws the same each time, so that a red test stays red. PDFium
and the image libraries are C code: what they do with damage can only be tried, not proven.
"""

import os
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from recto.cli import verbs
from recto.documents.limits import Limits
from recto.documents.opening import open_document
from recto.errors import DocumentError

Samples = dict[str, bytes]
NAMES = ["photo.jpg", "progressive.jpg", "scan.png", "scan.tif", "packed.tif", "shop.webp", "letter.pdf"]
LIMITS = Limits(max_pixels=4_000_000, max_pages=50)
HANG_S = 20
FUZZ = settings(
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

Damage = Callable[[bytes, Samples], bytes]


def at(share: float, data: bytes) -> int:
    return int(share * (len(data) - 1))


shares = st.floats(0, 1)
huge = st.sampled_from([0, 1, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF])


@st.composite
def flips(draw: st.DrawFn) -> Damage:
    changes = draw(st.lists(st.tuples(shares, st.integers(0, 255)), min_size=1, max_size=12))

    def damage(data: bytes, _: Samples) -> bytes:
        out = bytearray(data)
        for share, value in changes:
            out[at(share, data)] = value
        return bytes(out)

    return damage


@st.composite
def header_flips(draw: st.DrawFn) -> Damage:
    """Damage in the first bytes, where sizes, tables and counts stand."""
    changes = draw(st.lists(st.tuples(st.integers(4, 200), st.integers(0, 255)), min_size=1, max_size=6))

    def damage(data: bytes, _: Samples) -> bytes:
        out = bytearray(data)
        for place, value in changes:
            out[min(place, len(out) - 1)] = value
        return bytes(out)

    return damage


@st.composite
def cuts(draw: st.DrawFn) -> Damage:
    first, second = sorted((draw(shares), draw(shares)))
    return lambda data, _: data[: at(first, data)] + data[at(second, data) :]


@st.composite
def splices(draw: st.DrawFn) -> Damage:
    name, here, there = draw(st.sampled_from(NAMES)), draw(shares), draw(shares)
    return lambda data, samples: data[: at(here, data)] + samples[name][at(there, samples[name]) :]


@st.composite
def numbers(draw: st.DrawFn) -> Damage:
    """A huge or tiny number of 16 or 32 bits in either byte order, anywhere."""
    share, value = draw(shares), draw(huge)
    shape = draw(st.sampled_from(["<H", ">H", "<I", ">I"]))
    packed = struct.pack(shape, value & (0xFFFF if shape[1] == "H" else 0xFFFFFFFF))

    def damage(data: bytes, _: Samples) -> bytes:
        place = at(share, data)
        return data[:place] + packed + data[place + len(packed) :]

    return damage


@st.composite
def written_numbers(draw: st.DrawFn) -> Damage:
    """Another number in place of one that is written in figures: what a PDF is made of."""
    which, value = (
        draw(st.integers(0, 60)),
        draw(st.sampled_from(["0", "-1", "99999999999", "1e30", "2 0 R"])),
    )

    def damage(data: bytes, _: Samples) -> bytes:
        found = list(re.finditer(rb"\d+", data))
        number = found[which % len(found)] if found else None
        return data if number is None else data[: number.start()] + value.encode() + data[number.end() :]

    return damage


damages = st.one_of(flips(), header_flips(), cuts(), splices(), numbers(), written_numbers())


@pytest.mark.parametrize("name", NAMES)
@FUZZ
@given(damage=damages)
def test_damage_gives_pages_or_an_error_of_ours(samples: Samples, name: str, damage: Damage) -> None:
    data = damage(samples[name], samples)
    started = time.monotonic()
    try:
        for page in open_document(data, name=name, limits=LIMITS, dpi=50):
            assert page.image.shape == (page.height, page.width, 3)
    except DocumentError as error:
        assert name in str(error)
        assert error.hint
    assert time.monotonic() - started < HANG_S


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(FUZZ, max_examples=300 if os.environ.get("RECTO_SHORT_PROOFS") else 3000)
@given(damage=st.lists(damages, min_size=1, max_size=3))
def test_more_damage(samples: Samples, name: str, damage: list[Damage]) -> None:
    data = samples[name]
    for step in damage:
        data = step(data, samples) or b"\0"
    started = time.monotonic()
    try:
        for page in open_document(data, name=name, limits=LIMITS, dpi=50):
            assert page.image.shape == (page.height, page.width, 3)
    except DocumentError as error:
        assert name in str(error)
    assert time.monotonic() - started < HANG_S


@settings(FUZZ, max_examples=25)
@given(damage=st.lists(damages, min_size=len(NAMES), max_size=len(NAMES)))
def test_recto_read_goes_on_past_damage(
    samples: Samples, tmp_path_factory: pytest.TempPathFactory, damage: list[Damage]
) -> None:
    folder: Path = tmp_path_factory.mktemp("damaged")
    for name, change in zip(NAMES, damage, strict=True):
        (folder / name).write_bytes(change(samples[name], samples))
    (folder / "whole.png").write_bytes(samples["scan.png"])
    result = CliRunner().invoke(verbs.app, ["read", str(folder), "--engine", "fake", "--dpi", "50"])
    assert result.exit_code in (0, 1), result.exception
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert "whole.png" in result.stdout
    assert "Traceback" not in result.stderr
