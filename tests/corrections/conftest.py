"""A real workspace with documents that were read, as they wait in the review queue."""

import io
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw
from sqlalchemy import select

from recto.corrections.place import Place
from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example
from recto.documents.transcript import Line, Transcript
from recto.workspace.folder import Workspace, create_workspace
from recto.workspace.tables import DocumentRow

Read = Callable[..., Place]


def page_image(words: str) -> bytes:
    """A page like no other: its ground is a pattern that the words choose."""
    pattern = np.random.default_rng(zlib.crc32(words.encode())).integers(120, 255, (6, 12, 3), np.uint8)
    image = Image.fromarray(pattern).resize((240, 120), Image.Resampling.NEAREST)
    ImageDraw.Draw(image).text((10, 20), words, fill="black")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def reading_of(text: str, confidence: float | None = 0.5, release: str | None = None) -> Transcript:
    """What a model reads: a line for each row of `text`, one below the other."""
    lines = tuple(
        Line(row, (10.0, 20.0 + 12 * number, 200.0, 30.0 + 12 * number), confidence)
        for number, row in enumerate(text.splitlines())
    )
    return Transcript("x.png", 1, 240, 120, text, lines, "reciting 1", release=release)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "work")


@pytest.fixture
def read(workspace: Workspace) -> Read:
    """A function (name, text, confidence, release, **of the Example) → the place of a page that was read."""

    def add(
        name: str,
        text: str | None,
        confidence: float | None = 0.5,
        release: str | None = None,
        **known: str,
    ) -> Place:
        example = Example(f"{name}.png", page_image(name), None, known.pop("category", "receipt"), **known)  # type: ignore[arg-type]
        added = add_examples(workspace, [example], shares=shares_of(workspace.settings.split))
        assert not added.refused
        with workspace.transaction() as session:
            row = session.scalars(select(DocumentRow).order_by(DocumentRow.id.desc()).limit(1)).one()
            if text is not None:
                row.reading = dict(reading_of(text, confidence, release).to_json())
            return Place(row.sha256)

    return add


def row_of(workspace: Workspace, place: Place) -> DocumentRow:
    with workspace.read() as session:
        return session.scalars(select(DocumentRow).where(DocumentRow.sha256 == place.sha256)).one()
