"""From pairs and pages to a model folder that extracts, by `train` itself."""

import json
from pathlib import Path

import pytest

from recto.datasets.loading import load_dataset, load_taught
from recto.engines.model_folder import open_model
from recto.engines.model_store import StoredModel
from recto.errors import DatasetError, ModelFolderError, SettingsError, TrainingError
from recto.extraction.asked_folder import open_asked
from recto.extraction.texts import extract_text, transcripts_of_text
from recto.training.improve_fields import improve_fields
from recto.training.lora.lesson import LoraLesson
from recto.training.text.recipe import TextRecipe
from recto.training.train import Training, estimate, train
from recto.training.way import field_way_of, reading_way_of, way_of

from ..lora.conftest import line_page
from .conftest import recipe_of, rows, settings_of, write_pairs


@pytest.fixture(scope="module")
def run(
    text_weights: StoredModel, schema_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Training]:
    """A training with adapters, and where it is."""
    root = tmp_path_factory.mktemp("learn")
    wanted = [*rows(6), *rows(2, "val", thanks="Thanks")]
    recipe = recipe_of(text_weights, schema_file, epochs=6)
    return root / "run", trained(
        write_pairs(root / "pairs.jsonl", wanted), root / "run", recipe, text_weights
    )


def trained(data: Path, out: Path, recipe: TextRecipe, weights: StoredModel) -> Training:
    return train(load_taught(data), out, way_of(recipe, settings_of(weights)))


def lesson_of(run: tuple[Path, Training]) -> LoraLesson:
    lesson = run[1].taught.lesson
    assert isinstance(lesson, LoraLesson)
    return lesson


def log_of(run: Path, event: str) -> list[dict[str, object]]:
    lines = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [row for row in lines if row["event"] == event]


def test_the_loss_falls_and_the_lesson_says_what_happened(run: tuple[Path, Training]) -> None:
    lesson = lesson_of(run)
    assert (lesson.kind, lesson.train_pages, lesson.val_pages, lesson.steps) == ("text", 6, 2, 12)
    assert (lesson.method, lesson.device, lesson.before.unit) == ("lora", "cpu", "answers")
    assert 0 < lesson.trainable_parameters < lesson.total_parameters and lesson.parity < 1e-4
    losses = [row["loss"] for row in log_of(run[0], "epoch")]
    assert losses[-1] < losses[1] and lesson.after.cer < lesson.before.cer


def test_the_model_folder_extracts_and_makes_nothing_up(
    run: tuple[Path, Training], text_weights: StoredModel
) -> None:
    folder = open_model(run[0] / "model", engine="text")
    assert folder.card.vlm is not None and folder.card.vlm.task == "extract"
    extractor = open_asked(run[0] / "model", settings_of(text_weights).text)
    assert extractor.schema.name == "bill" and "tuned" in extractor.label
    (row, *_) = rows(1)
    text = row["input"].partition("\n")[2]
    found = extract_text(extractor, transcripts_of_text(text, "bill.txt"))
    assert all(one.printed in text for one in found.fields)


def test_a_folder_that_reads_pages_is_no_extractor(run: tuple[Path, Training]) -> None:
    with pytest.raises(ModelFolderError, match="made for engine 'text', not 'vlm'"):
        open_model(run[0] / "model", engine="vlm")


def test_it_is_measured_on_texts_beside_the_untrained_tagger(
    text_weights: StoredModel, schema_file: Path, tmp_path: Path
) -> None:
    wanted = [*rows(4), *rows(2, "val", thanks="Thanks"), *rows(3, "test", thanks="Bye")]
    data = load_taught(write_pairs(tmp_path / "pairs.jsonl", wanted))
    recipe = recipe_of(text_weights, schema_file, epochs=1)
    way = field_way_of(recipe, settings_of(text_weights))
    report = improve_fields(data, tmp_path / "run", way).report
    assert report.documents == 3 and report.failed == {}
    assert report.candidate.extractor.startswith("language model ") and report.baseline is not None
    assert report.baseline.extractor == "tagger, not trained" and report.baseline.mean_f1 > 0.5


def test_killed_and_gone_on_with_it_ends_the_same(
    run: tuple[Path, Training], text_weights: StoredModel, schema_file: Path, tmp_path: Path
) -> None:
    """Stopped by an error in the place of a kill; `tests/training/lora/test_kill` kills the same loop."""
    data = run[0].parent / "pairs.jsonl"
    recipe = recipe_of(text_weights, schema_file, epochs=6)
    out, way = tmp_path / "run", way_of(recipe, settings_of(text_weights))
    with pytest.raises(InterruptedError):
        train(load_taught(data), out, way, _Stopping(after=2))
    done = train(load_taught(data), out, way, start="resume")
    weights = "adapter_model.safetensors"
    again, once = open_model(done.model, engine="text"), open_model(run[1].model, engine="text")
    assert again.card.files[weights] == once.card.files[weights]
    assert [row["loss"] for row in log_of(out, "epoch")] == [row["loss"] for row in log_of(run[0], "epoch")]


class _Stopping:
    """A Progress that breaks off after so many evaluations."""

    def __init__(self, after: int) -> None:
        self._left = after

    def stage(self, name: str, total: int) -> None:
        """Nothing."""

    def advance(self, steps: int) -> None:
        """Nothing."""

    def say(self, remark: str) -> None:
        """Nothing."""

    def epoch(self, epoch: object) -> None:
        if not self._left:
            raise InterruptedError
        self._left -= 1


def test_pages_are_read_by_the_engine_and_labels_that_arent_there_are_told(
    text_weights: StoredModel, schema_file: Path, tmp_path: Path
) -> None:
    entries = []
    for number, split in enumerate(("train", "train", "val")):
        text = f"TOTAL 4{number}.50 EUR"
        (tmp_path / f"{number}.png").write_bytes(line_page(text))
        fields = {"total": f"4{number}.50", "vendor": "Nobody Ltd"}
        entry = {"image": f"{number}.png", "text": text, "category": "receipt", "split": split}
        entries.append(entry | {"fields": fields})
    (tmp_path / "annotations.json").write_text(json.dumps(entries))
    recipe = recipe_of(text_weights, schema_file, epochs=1)
    trained(tmp_path, tmp_path / "run", recipe, text_weights)
    said = [str(row["text"]) for row in log_of(tmp_path / "run", "remark")]
    assert "2 of 4 labelled values don't stand in the text: they aren't taught" in said


def test_an_estimate_tries_a_few(text_weights: StoredModel, schema_file: Path, tmp_path: Path) -> None:
    data = write_pairs(tmp_path / "pairs.jsonl", [*rows(4), *rows(1, "val", thanks="Thanks")])
    way = way_of(recipe_of(text_weights, schema_file), settings_of(text_weights))
    found = estimate(load_taught(data), way)
    assert found is not None and (found.train_count, found.val_count, found.epochs) == (4, 1, 2)


def test_what_cant_be_taught_is_refused(text_weights: StoredModel, schema_file: Path, tmp_path: Path) -> None:
    strange = [{**row, "output": '{"total": "0.00"}'} for row in rows(3)]
    data = write_pairs(tmp_path / "pairs.jsonl", strange)
    recipe = recipe_of(text_weights, schema_file)
    with pytest.raises(TrainingError, match="no labelled value stands in the text"):
        trained(data, tmp_path / "run", recipe, text_weights)
    with pytest.raises(SettingsError, match="kind text teaches no engine to read"):
        reading_way_of(recipe)
    with pytest.raises(DatasetError, match="they have no page images"):
        load_dataset(data)
    write_pairs(data, [{**rows(1)[0], "split": "some"}])
    with pytest.raises(DatasetError, match="split: must be train, val or test"):
        load_taught(data)
