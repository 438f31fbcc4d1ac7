"""The recipe alone decides which engine a Cycle teaches; Releases of different engines compete."""

import io
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image, ImageDraw

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example, Split
from recto.engines.model_keeping import keep_folder
from recto.engines.model_store import STORE_VARIABLE, TINY, StoredModel
from recto.errors import SettingsError
from recto.registry.store import current
from recto.retraining.accuracy import known_accuracy, model_key
from recto.retraining.cycle import run_cycle
from recto.retraining.evidence import open_contest
from recto.retraining.history import read_history
from recto.retraining.queue import engine_of
from recto.retraining.recipes import usual_way
from recto.training.improve import BaseModels
from recto.training.lora.lesson import LoraLesson
from recto.training.recipe import default_recipe
from recto.training.way import way_of
from recto.workspace.folder import Workspace, open_workspace

from ..tiny import tiny_weights  # noqa: F401  a fixture

RECIPE = f"""
kind: lora
model: {TINY}
method: full
preset: language
epochs: 2
batch_pages: 4
accumulation: 1
learning_rate: 0.01
max_new_tokens: 4
"""
SETTINGS = """
[vlm]
device = "cpu"
max_new_tokens = 4
no_repeat_ngram = 0
retry_temperatures = []
"""


def page(split: Split, number: int) -> Example:
    """Always the same word, elsewhere each time: what to answer can be learnt without learning to read."""
    rng = random.Random(f"{split} {number}")
    image = Image.new("RGB", (400, 300), "white")
    draw = ImageDraw.Draw(image)
    for row in range(4):
        draw.text((20 + rng.randrange(200), 20 + 60 * row), "OK OK OK", fill="black", font_size=30)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    name = f"{split}/{number}.png"
    return Example(image=name, source=stream.getvalue(), text="OK", category="receipt", split=split)


@pytest.fixture
def office(
    shop: Callable[..., Workspace],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_weights: StoredModel,  # noqa: F811
) -> Workspace:
    """A workspace whose Cycles teach the tiny vision-language model."""
    monkeypatch.setenv(STORE_VARIABLE, str(tmp_path / "store"))
    keep_folder(TINY, tiny_weights.path, link=True, advance=lambda size: None)
    root = shop(tmp_path / "office", {}).path
    (root / "recipe.yaml").write_text(RECIPE)
    with (root / "recto.toml").open("a") as stream:
        stream.write(SETTINGS)
    workspace = open_workspace(root)
    counts: dict[Split, int] = {"train": 4, "val": 1, "test": 5}
    pages = [page(split, number) for split, count in counts.items() for number in range(count)]
    assert not add_examples(workspace, pages, shares=shares_of(workspace.settings.split)).refused
    return workspace


@pytest.mark.slow
def test_a_cycle_of_a_vision_language_model(office: Workspace) -> None:
    assert engine_of(office, "general").label == usual_way(office).base_engine().label
    done = run_cycle(office, "general", ["asked by hand"])
    assert done.release == 1, done.outcome
    assert done.improvement is not None and isinstance(done.improvement.lesson, LoraLesson)
    record = read_history(office).cycles[0]
    assert (record.recipe["kind"], record.recipe["model"]) == ("lora", TINY)
    assert yaml.safe_load((office.path / record.run_folder / "recipe.yaml").read_text()) == record.recipe
    release = current(office, "general")
    assert release is not None
    assert (release.engine, release.base_sha256) == ("vlm", usual_way(office).base_sha256())
    tuned = engine_of(office, "general")
    assert TINY in tuned.label and "tuned" in tuned.label

    other = open_contest(office, "general", 2, BaseModels(way_of(default_recipe())))
    assert other.load(None).label == tuned.label, "what the CPU engine would have to beat"
    assert "PP-OCR" in other.base.load(None).label, "what it would learn from"
    assert other.current_sha256 == release.content_sha256


def test_the_recipe_says_which_base_reads_until_there_is_a_release(office: Workspace) -> None:
    key = model_key(office, "general")
    assert TINY in key
    (office.path / "recipe.yaml").write_text("kind: ctc\n")
    assert "PP-OCR" in model_key(office, "general") and "PP-OCR" in engine_of(office, "general").label
    (office.path / "recipe.yaml").write_text("kind: abacus\n")
    assert known_accuracy(office, "general").value is None, "status still works"
    with pytest.raises(SettingsError, match="kind: must be 'ctc' or 'lora'"):
        engine_of(office, "general")
