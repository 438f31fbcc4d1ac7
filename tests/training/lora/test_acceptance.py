"""The recipe for a CPU, run for real: the tiny model learns to read 16 lines, and LoRA teaches it others.

In the short form (RECTO_SHORT_PROOFS) LoRA teaches four others.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.engines.model_keeping import keep_tiny
from recto.engines.model_store import STORE_VARIABLE
from recto.engines.vlm import load
from recto.settings import Settings, VlmSettings
from recto.training.lora.recipe import VlmRecipe
from recto.training.recipe import load_recipe
from recto.training.scoring import compare
from recto.training.train import Training, train
from recto.training.way import way_of

from .conftest import line_examples, write_lines

RECIPE = Path(__file__).parents[3] / "recipes" / "deepseek-ocr-tiny-cpu.yaml"
SHORT = bool(os.environ.get("RECTO_SHORT_PROOFS"))
LINES, OTHERS = 16, 4 if SHORT else 16
VLM = VlmSettings(device="cpu", task="text", max_new_tokens=64)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[VlmRecipe, Training]]:
    """The recipe, run: a tiny model that reads the lines of seed 0."""
    root = tmp_path_factory.mktemp("acceptance")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORE_VARIABLE, str(root / "models"))
        keep_tiny()
        recipe = load_recipe(RECIPE)
        assert isinstance(recipe, VlmRecipe)
        yield recipe, trained(recipe.model_copy(update={"trackers": ()}), root, LINES, seed=0)


def trained(recipe: VlmRecipe, root: Path, count: int, seed: int) -> Training:
    """Validation has the same lines, on paper that is a pixel wider."""
    dataset = load_dataset(write_lines(root / f"data{seed}", {"train": count, "val": count}, seed))
    return train(dataset, root / f"run{seed}", way_of(recipe, Settings(vlm=VLM)))


def cer(model: Path | None, weights: str, count: int, seed: int) -> float:
    """Of so many lines of `seed`, as `recto read` reads them."""
    lines = line_examples(count, seed)
    engine = load(model, settings=Settings(vlm=VLM.model_copy(update={"model": weights})))
    found = engine.read([open_example(line) for line in lines])
    return compare([one.text for one in found], [line.text or "" for line in lines], [False] * count).cer


def test_sixteen_lines_are_learnt(fitted: tuple[VlmRecipe, Training]) -> None:
    recipe, training = fitted
    assert cer(None, recipe.model, LINES, 0) > 0.95
    score = cer(training.model, recipe.model, LINES, 0)
    print(f"CER {score:.2%} after {training.taught.total_s:.0f} s")  # noqa: T201  docs/benchmarks.md names it
    assert score < 0.05


def test_lora_teaches_other_lines_to_what_can_read(
    fitted: tuple[VlmRecipe, Training], tmp_path: Path
) -> None:
    """Adapters alone, on weights that stay as they are, and that read lines which they never saw badly."""
    recipe, training = fitted
    base = str(training.model)
    changed = {
        "model": base, "trackers": (), "method": "lora", "preset": "experts", "rank": 64, "alpha": 64,
        "dropout": 0.0, "learning_rate": 6e-3, "epochs": 100, "evaluate_every_steps": 50,
    }  # fmt: skip
    adapted = trained(recipe.model_copy(update=changed), tmp_path, OTHERS, seed=7)
    before, after = cer(None, base, OTHERS, 7), cer(adapted.model, base, OTHERS, 7)
    print(f"CER {before:.2%} → {after:.2%} after {adapted.taught.total_s:.0f} s")  # noqa: T201
    assert before > 0.2
    assert after < before / 2
