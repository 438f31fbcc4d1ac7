"""A tagger is trained end to end: real pages read by the CPU engine, a Run, figures before and after."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import SchemaError, TrainingError
from recto.settings import Settings
from recto.training.improve_fields import depends_on, improve_fields, untrained
from recto.training.readings import READINGS, KeptReadings
from recto.training.recipe import checked
from recto.training.run import open_run
from recto.training.tagging.recipe import TaggerRecipe
from recto.training.tagging.way import TaggerWay
from recto.training.train import train

SHOPS = ("ALDER BOOKS", "BIRCH TOOLS", "CEDAR FOODS", "ELM LAMPS")
WAY = TaggerWay(TaggerRecipe(penalties=(1.0,)), Settings())


def write_receipts(root: Path, counts: dict[str, int]) -> Path:
    """Receipts whose total stands behind a word that no list of labels has."""
    font, rows = ImageFont.load_default(22), []
    root.mkdir()
    for split, count in counts.items():
        for number in range(len(rows), len(rows) + count):  # no two receipts are alike
            name, shop = f"{split}{number}.png", SHOPS[number % len(SHOPS)]
            total = f"{number + 3}.{10 + 5 * number}"
            image = Image.new("RGB", (420, 200), "white")
            draw = ImageDraw.Draw(image)
            for row, text in enumerate((shop, f"Points {number + 500}.00", f"Zumtotal {total}", "Thank you")):
                draw.text((20, 20 + 42 * row), text, fill="black", font=font)
            image.save(root / name)
            fields = {"company": shop, "total": total}
            rows.append({"image": name, "category": "receipt", "split": split, "fields": fields})
    (root / "annotations.json").write_text(json.dumps(rows))
    return root


@pytest.fixture(scope="module")
def receipts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_receipts(tmp_path_factory.mktemp("data") / "set", {"train": 8, "val": 2, "test": 4})


def test_it_finds_more_than_before_and_says_so(receipts: Path, tmp_path: Path) -> None:
    done = improve_fields(load_dataset(receipts), tmp_path / "run", WAY)
    assert done.report.baseline is not None
    assert done.report.baseline.extractor == "tagger, not trained"
    assert done.report.candidate.mean_f1 > done.report.baseline.mean_f1
    assert set(done.report.candidate.fields) == {"vendor", "total"}
    figures = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert figures["after"]["mean_f1"] == done.report.candidate.mean_f1
    assert figures["lesson"]["fields"]["total"]["train"] == 8
    assert (tmp_path / "run" / "report.html").is_file() and not (tmp_path / "run" / "prepared").exists()


def test_a_training_that_was_killed_reads_no_page_twice(receipts: Path, tmp_path: Path) -> None:
    dataset, out = load_dataset(receipts), tmp_path / "run"
    whole = improve_fields(dataset, tmp_path / "whole", WAY)
    with open_run(out, depends_on(dataset, WAY, untrained(WAY)), "new") as run:
        kept = run.prepared / READINGS
        reader = KeptReadings(WAY.reader(), kept)
        reader.read([open_example(example) for example in dataset.split("train")])
        with kept.open("a") as stream:
            stream.write('{"torn": ')
    texts = {line for line in kept.read_text().splitlines() if line.startswith('{"document"')}
    done = improve_fields(dataset, out, WAY, start="resume")
    assert len(texts) == 8
    assert done.report.candidate.results == whole.report.candidate.results
    assert (out / "model" / "rankers.npz").read_bytes() == (
        tmp_path / "whole" / "model" / "rankers.npz"
    ).read_bytes()


class Counting:
    """An engine that counts what it reads."""

    label, batch_pages = "fake 1", 4

    def __init__(self) -> None:
        self.pages = 0

    def read(self, pages: list[Page]) -> list[Transcript]:
        self.pages += len(pages)
        return FakeEngine({"a": "one"}).read(pages)


def test_kept_readings_are_of_one_engine_and_of_known_content(tmp_path: Path, blank_page: Page) -> None:
    engine, path = Counting(), tmp_path / "kept" / "readings.jsonl"
    page = replace(blank_page, sha256="5" * 64)
    first = KeptReadings(engine, path).read([page])
    again = KeptReadings(engine, path).read([replace(page, document="b")])
    assert engine.pages == 1
    assert (again[0].document, again[0].lines) == ("b", first[0].lines)
    engine.label = "fake 2"
    KeptReadings(engine, path).read([page])
    assert engine.pages == 2
    for _ in range(2):
        KeptReadings(engine, path).read([blank_page])
    assert engine.pages == 4


@pytest.fixture
def blank_page() -> Page:
    return Page("a", 1, np.full((40, 60, 3), 255, np.uint8))


def test_without_fields_there_is_nothing_to_learn(tmp_path: Path, receipts: Path) -> None:
    dataset = load_dataset(receipts)
    way = TaggerWay(TaggerRecipe(fields_of="contract"), Settings())
    with pytest.raises(TrainingError, match="none of 8 train documents has fields of contract"):
        train(dataset, tmp_path / "run", way)


def test_a_schema_that_isnt_there_stops_it_first() -> None:
    with pytest.raises(SchemaError):
        TaggerWay(TaggerRecipe(fields_of="nothing.json"), Settings())


@pytest.mark.parametrize(
    ("settings", "mistake"),
    [
        ({"epochs": 3}, "epochs: is a setting of kind ctc and lora"),
        ({"penalties": []}, "penalties"),
        ({"penalties": [0]}, "penalties"),
        ({"trackers": ["wandb"]}, "trackers"),
    ],
)
def test_what_it_has_no_use_for_is_a_mistake(settings: dict[str, object], mistake: str) -> None:
    recipe, mistakes = checked({"kind": "tagger", **settings})
    assert recipe is None and mistake in mistakes[0]
