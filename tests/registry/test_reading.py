"""A Release serves exactly what was measured: the real engine, on real pages, from three places."""

from dataclasses import replace
from pathlib import Path

import matplotlib
import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.documents.transcript import Transcript
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, open_model, write_model
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, sha256_of, weights_path
from recto.errors import RegistryError
from recto.evaluation.evaluate import evaluate
from recto.registry.export import export
from recto.registry.reading import load_release
from recto.registry.store import add_release, current, release_folder

from .conftest import ORIGIN, Registry

TEXTS = {"shop.png": "Bread 1.20\nButter 3.45\nTotal 4.65", "bank.png": "Account 0815\nBalance 12,340.99"}
FONT = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder whose weights really are others: all zeros of the print become the letter O."""
    graph = onnx.load(weights_path(RECOGNISER_FILE))
    characters = next(p.value for p in graph.metadata_props if p.key == "character").split("\n")
    zero, letter = (1 + characters.index(c) for c in "0O")
    for tensor in graph.graph.initializer:
        if tensor.name.startswith("linear_8"):
            value = numpy_helper.to_array(tensor).copy()
            value[..., [zero, letter]] = value[..., [letter, zero]]
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(value), tensor.name))
    base = BaseWeights(name=BASE, sha256=sha256_of(weights_path(RECOGNISER_FILE)))
    card = ModelCard(engine="ppocr", base=base, characters="".join(characters) + " ")
    folder = tmp_path_factory.mktemp("run") / "model"
    return write_model(folder, card, {RECOGNISER: graph.SerializeToString()}).path


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """Two printed pages."""
    folder = tmp_path_factory.mktemp("print")
    font = ImageFont.truetype(str(FONT), 28)
    for name, text in TEXTS.items():
        page = Image.new("RGB", (420, 60 + 50 * len(text.splitlines())), "white")
        for row, line in enumerate(text.splitlines()):
            ImageDraw.Draw(page).text((30, 30 + 50 * row), line, fill="black", font=font)
        page.save(folder / name)
    return [Example(image=n, source=folder / n, text=t, category="receipt") for n, t in TEXTS.items()]


def read(engine: Engine, examples: list[Example]) -> list[Transcript]:
    """The Transcripts, but for how long they took."""
    pages = [open_example(example) for example in examples]
    return [replace(transcript, seconds=0.0) for transcript in engine.read(pages)]


def test_a_release_serves_exactly_what_was_measured(
    registry: Registry, tuned: Path, examples: list[Example], tmp_path: Path
) -> None:
    measured_engine = load("ppocr", model=tuned)
    report = evaluate(measured_engine, examples)
    measured = read(measured_engine, examples)
    origin = replace(ORIGIN, base_sha256=open_model(tuned).card.base.sha256)
    added = add_release(registry.workspace, "general", tuned, report, origin)
    registry.promote(added.number)
    serving = current(registry.workspace, "legal")
    assert serving == added

    served = read(load_release(registry.workspace, serving), examples)
    assert {transcript.release for transcript in served} == {"1"}
    assert [replace(transcript, release=None) for transcript in served] == measured
    assert [transcript.text for transcript in served] == [d.text for d in report.documents]
    assert {transcript.engine for transcript in served} == {report.engine}
    assert "O" in served[1].text
    assert "0" not in served[1].text

    exported = export(registry.workspace, 1, tmp_path / "exported")
    assert read(load("ppocr", model=exported), examples) == measured

    base = read(load("ppocr"), examples)
    assert "0815" in base[1].text


def test_a_release_that_was_changed_serves_nothing(registry: Registry, tuned: Path) -> None:
    report = registry.report()
    added = add_release(registry.workspace, "general", tuned, report, ORIGIN)
    weights = release_folder(registry.workspace, added) / "model" / RECOGNISER
    weights.chmod(0o644)
    with weights.open("r+b") as stream:
        stream.seek(1_000_000)
        stream.write(b"\0\0\0\0")
    with pytest.raises(RegistryError, match="onnx was changed"):
        load_release(registry.workspace, added)
