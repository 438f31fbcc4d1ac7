"""The whole job, for real: training lowers the error on documents it never saw, or changes nothing."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont

from recto.datasets.example import Dataset
from recto.datasets.loading import load_dataset
from recto.engines.engine import Engine
from recto.engines.model_folder import RECOGNISER, open_model
from recto.engines.ppocr.crops import scale_line
from recto.engines.ppocr.recogniser import Recogniser
from recto.engines.ppocr.weights import RECOGNISER_FILE, sha256_of, weights_path
from recto.errors import LeakageError, OutputError, TrainingError
from recto.evaluation.report import Report
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.way import CtcWay
from recto.training.ctc.weights import load_network, read_graph
from recto.training.improve import BaseModels, Improvement, improve
from recto.training.progress import Epoch, Silent

Writer = Callable[..., Path]
QUICK = CtcWay(CtcRecipe(epochs=5, replay_lines=200, rivals=50, batch_lines=16))
CANARIES = ("Größe", "naïve café", "Straße 12,50 €", "Total: 1,234.56", "señor João")


@dataclass
class Recorder(Silent):
    """A Progress that keeps the epochs."""

    epochs: list[Epoch]

    def epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)


@dataclass(frozen=True)
class NothingToRead(BaseModels):
    """Models none of which is to be loaded; keeps the Reports that it hears of."""

    told: list[Report]

    def load(self, model: Path | None) -> Engine:
        raise AssertionError("nothing is to be measured again")

    def measured(self, report: Report) -> None:
        self.told.append(report)


@pytest.fixture(scope="module")
def done(dataset_writer: Writer, tmp_path_factory: pytest.TempPathFactory) -> tuple[Improvement, Recorder]:
    """One run on upper-case labels of mixed-case print: 10 pages to learn from."""
    root = tmp_path_factory.mktemp("improve")
    counts = {"train": 8, "val": 2, "test": 3}
    data = load_dataset(dataset_writer(root / "data", counts, label=str.upper, case="upper"))
    recorder = Recorder([])
    return improve(data, root / "run", QUICK, recorder), recorder


def read_with(weights: Path, lines: list[np.ndarray]) -> list[str]:
    engine = Recogniser(weights, script="european", precision="f32")
    return [reading.text for reading in engine.read(lines)]


def test_unseen_documents_are_read_better(done: tuple[Improvement, Recorder]) -> None:
    improvement, _ = done
    lesson, report = improvement.lesson, improvement.report
    assert lesson.improved
    assert lesson.after.cer < 0.7 * lesson.before.cer
    assert report.baseline is not None
    assert report.metrics.cer_casefold < 0.85 * report.baseline.cer_casefold


def test_the_weights_changed_where_they_should(done: tuple[Improvement, Recorder]) -> None:
    written = open_model(done[0].model)
    assert written.card.files[RECOGNISER].sha256 != sha256_of(weights_path(RECOGNISER_FILE))
    assert written.card.base.sha256 == sha256_of(weights_path(RECOGNISER_FILE))
    assert done[0].lesson.parity <= 2e-4
    before = load_network(read_graph(weights_path(RECOGNISER_FILE))).state_dict()
    after = load_network(read_graph(written.file(RECOGNISER))).state_dict()
    changed = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert {key.split(".")[0] for key in changed} == {"neck", "head"}
    rows = (before["head.weight"] != after["head.weight"]).any(1)
    assert int(rows.sum()) <= done[0].lesson.trained_classes < len(rows) / 10


def test_upper_case_labels_don_t_teach_to_shout(done: tuple[Improvement, Recorder]) -> None:
    assert done[0].lesson.letters_read > 500
    text = "".join(document.text for document in done[0].report.documents)
    assert sum(char.islower() for char in text) > sum(char.isupper() for char in text)


def test_what_was_not_trained_is_not_forgotten(done: tuple[Improvement, Recorder]) -> None:
    lines = [canary(text) for text in CANARIES]
    before = read_with(weights_path(RECOGNISER_FILE), lines)
    assert read_with(open_model(done[0].model).file(RECOGNISER), lines) == before


def canary(text: str) -> np.ndarray:
    face = Path(matplotlib.__file__).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(face), 32)
    x0, y0, x1, y1 = (int(v) for v in font.getbbox(text))
    line = Image.new("RGB", (x1 - x0 + 12, y1 - y0 + 12), "white")
    ImageDraw.Draw(line).text((6 - x0, 6 - y0), text, fill="black", font=font)
    return scale_line(np.asarray(line))


def test_the_run_folder_tells_everything(done: tuple[Improvement, Recorder]) -> None:
    improvement, recorder = done
    run = improvement.model.parent
    names = {path.name for path in run.iterdir()}
    assert names == {
        "run.json", "run.lock", "recipe.yaml", "environment.json", "log.jsonl", "before.json",
        "spent.json", "training.json", "metrics.json", "report.json", "report.html", "model",
        "tensorboard",
    }  # fmt: skip
    events = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [e["event"] for e in events if e["event"] != "epoch"] == [
        "start", "measured", "trained", "measured", "finished",
    ]  # fmt: skip
    logged = [e["number"] for e in events if e["event"] == "epoch"]
    assert logged == [epoch.number for epoch in recorder.epochs]
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["unseen_vendors_after"]["documents"] == 3


def test_a_finished_run_is_read_instead_of_done_again(done: tuple[Improvement, Recorder]) -> None:
    models = NothingToRead(QUICK, [])
    earlier = done[0]
    run = earlier.model.parent
    data = load_dataset(run.parent / "data")
    again = improve(data, run, QUICK, start="resume", models=models)
    assert again.lesson == earlier.lesson
    assert again.report.metrics == earlier.report.metrics
    assert again.unseen_after == earlier.unseen_after
    assert again.spent.attempts == 2
    assert [report.baseline is None for report in models.told] == [True, False], "both are told all the same"
    assert again.training_s == pytest.approx(earlier.training_s, abs=0.1)


def test_a_run_on_other_data_isn_t_gone_on_with(
    dataset_writer: Writer, tmp_path: Path, done: tuple[Improvement, Recorder]
) -> None:
    other = load_dataset(dataset_writer(tmp_path / "data", {"train": 2, "test": 1}, lines_per_page=1))
    with pytest.raises(TrainingError, match=f"its dataset is .*, not {tmp_path}"):
        improve(other, done[0].model.parent, QUICK, start="resume")
    assert open_model(done[0].model)


def test_a_run_is_never_overwritten_by_accident(done: tuple[Improvement, Recorder]) -> None:
    run = done[0].model.parent
    data = load_dataset(run.parent / "data")
    with pytest.raises(OutputError, match="not empty"):
        improve(data, run, QUICK)
    assert open_model(done[0].model)


def test_shuffled_labels_change_nothing(dataset_writer: Writer, tmp_path: Path) -> None:
    rng = random.Random(5)

    def nonsense(text: str) -> str:
        letters = list(text)
        rng.shuffle(letters)
        return "".join(letters).strip()

    data = dataset_writer(tmp_path / "data", {"train": 3, "val": 0, "test": 1})
    rows = json.loads((data / "annotations.json").read_text())
    good = json.loads((dataset_writer(tmp_path / "val", {"val": 2}, seed=9) / "annotations.json").read_text())
    for row in rows:
        for line in row["lines"] if row["split"] == "train" else ():
            line["text"] = nonsense(line["text"])
    (tmp_path / "val" / "val").rename(data / "val2")
    for row in good:
        row["image"] = row["image"].replace("val/", "val2/")
    (data / "annotations.json").write_text(json.dumps(rows + good))
    quick = CtcWay(QUICK.recipe.model_copy(update={"epochs": 1, "replay_lines": 0}))
    improvement = improve(load_dataset(data), tmp_path / "run", quick)
    assert not improvement.lesson.improved
    written = open_model(improvement.model)
    assert written.card.files[RECOGNISER].sha256 == sha256_of(weights_path(RECOGNISER_FILE))
    assert improvement.report.comparison is not None
    assert improvement.report.comparison.overall["cer"].difference == 0


def test_a_run_of_many_documents_begins_with_an_estimate(dataset_writer: Writer, tmp_path: Path) -> None:
    counts = {"train": 31, "val": 1, "test": 1}
    data = load_dataset(dataset_writer(tmp_path / "data", counts, lines_per_page=2))
    quick = CtcWay(QUICK.recipe.model_copy(update={"epochs": 1, "replay_lines": 0, "views": 0}))
    improve(data, tmp_path / "run", quick)
    first = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[2])
    assert first["event"] == "remark"
    assert first["text"].startswith("Estimate: about 62 lines to learn from and 2 to choose by")
    assert json.loads((tmp_path / "run" / "estimate.json").read_text())["train_count"] == 62


def without_lines(data: Dataset, root: Path) -> Dataset:
    rows = json.loads((root / "annotations.json").read_text())
    for row in rows:
        del row["lines"]
    (root / "annotations.json").write_text(json.dumps(rows))
    return load_dataset(root)


def test_page_text_alone_teaches(dataset_writer: Writer, tmp_path: Path) -> None:
    root = dataset_writer(tmp_path / "data", {"train": 3, "val": 1, "test": 2})
    improvement = improve(without_lines(load_dataset(root), root), tmp_path / "run", QUICK)
    assert improvement.lesson.aligned_lines >= 30  # of 36 printed lines
    assert improvement.lesson.improved
    assert improvement.report.comparison is not None
    assert improvement.report.comparison.overall["cer"].difference < 0


def test_the_text_of_another_page_teaches_nothing(dataset_writer: Writer, tmp_path: Path) -> None:
    root = dataset_writer(tmp_path / "data", {"train": 3, "val": 1, "test": 1})
    without_lines(load_dataset(root), root)
    rows = json.loads((root / "annotations.json").read_text())
    for row in rows:
        if row["split"] == "train":
            row["text"] = "\n".join("Lorem ipsum dolor sit amet 77" for _ in range(12))
    (root / "annotations.json").write_text(json.dumps(rows))
    with pytest.raises(TrainingError, match="no line of 3 documents can be learnt from"):
        improve(load_dataset(root), tmp_path / "run", QUICK)


@pytest.mark.parametrize(("counts", "message"), [({"train": 2}, "no test"), ({"test": 2}, "no documents in")])
def test_missing_splits(dataset_writer: Writer, tmp_path: Path, counts: dict[str, int], message: str) -> None:
    root = dataset_writer(tmp_path / "data", counts, lines_per_page=1)
    with pytest.raises(TrainingError, match=message):
        improve(load_dataset(root), tmp_path / "run", QUICK)


def test_a_test_document_in_train_stops_everything(dataset_writer: Writer, tmp_path: Path) -> None:
    root = dataset_writer(tmp_path / "data", {"train": 2, "test": 1}, lines_per_page=1)
    (root / "train" / "receipt_000.png").write_bytes((root / "test" / "receipt_000.png").read_bytes())
    with pytest.raises(LeakageError, match=r"receipt_000\.png \(train\).*the same document"):
        improve(load_dataset(root), tmp_path / "run", QUICK)
    assert not (tmp_path / "run").exists()


def test_an_unwritable_place_is_our_error(dataset_writer: Writer, tmp_path: Path) -> None:
    root = dataset_writer(tmp_path / "data", {"train": 2, "test": 1}, lines_per_page=1)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        improve(load_dataset(root), tmp_path / "file" / "run", QUICK)


def test_overwrite_spares_folders_that_are_not_runs(dataset_writer: Writer, tmp_path: Path) -> None:
    root = dataset_writer(tmp_path / "data", {"train": 2, "test": 1}, lines_per_page=1)
    with pytest.raises(OutputError, match="something else"):
        improve(load_dataset(root), root, QUICK, start="overwrite")
    assert (root / "annotations.json").is_file()
