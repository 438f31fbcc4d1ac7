"""Trackers: all epochs arrive in each, and a missing package is told before anything starts."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from recto.datasets.example import Dataset
from recto.errors import MissingPackage
from recto.training.chronicle import Chronicle
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.way import CtcWay
from recto.training.identity import identity_of
from recto.training.progress import Epoch, Sample, Score, Silent
from recto.training.run import open_run
from recto.training.trackers import TRACKERS, figures, find_trackers, sample_table
from recto.training.train import train

SCORE = Score(cer=0.1, wer=0.2, errors=1, characters=10, exact=0.5, samples=(Sample("a|b`", ""),))
EPOCHS = (
    Epoch(0, 0.0, 0.0, SCORE, 0.0, is_best=True),
    Epoch(1, 2.5, 0.01, SCORE, 3.0, is_best=True, learning_rate=0.001, speed=400.0),
    Epoch(2, 1.5, 0.02, replace(SCORE, cer=0.05), 3.0, is_best=True, learning_rate=0.0005, speed=410.0),
)


def missing(package: str) -> bool:
    return importlib.util.find_spec(package) is None


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_missing_package_is_told_before_anything_starts(tmp_path: Path, name: str) -> None:
    if not missing(name):
        pytest.skip(f"{name} is installed here")
    recipe = CtcRecipe.model_validate({"trackers": [name]})
    with pytest.raises(MissingPackage, match=rf"tracker `{name}`(.|\n)*recto\[{name}\]"):
        train(Dataset((), tmp_path), tmp_path / "run", CtcWay(recipe))
    assert not (tmp_path / "run").exists()


def test_every_tracker_that_a_recipe_can_name_is_in_the_table() -> None:
    assert CtcRecipe().trackers == ("tensorboard",)
    assert CtcRecipe.model_validate({"trackers": list(TRACKERS)}).trackers == tuple(TRACKERS)
    assert find_trackers(()) == ()


def test_tensorboard_shows_all_epochs_after_a_kill(tmp_path: Path) -> None:
    recipe = CtcRecipe()
    identity = identity_of("train", CtcWay(recipe), (tmp_path, "aaaa"), "m")
    openers = find_trackers(["tensorboard", "tensorboard"])
    for start, done in (("new", EPOCHS[:2]), ("resume", EPOCHS[2:])):
        with (
            open_run(tmp_path, identity, start) as run,  # type: ignore[arg-type]
            Chronicle(run, Silent(), openers, recipe.model_dump(mode="json")) as chronicle,
        ):
            if start == "resume":
                chronicle.resumed(EPOCHS[:2])
            for epoch in done:
                chronicle.keep(epoch, b"state")
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    tags = events.Tags()
    assert set(tags["scalars"]) == set(figures(EPOCHS[1]))
    assert [event.step for event in events.Scalars("val/cer")] == [0, 1, 2]
    assert [event.value for event in events.Scalars("train/loss")] == [2.5, 1.5]
    assert set(tags["tensors"]) == {"recipe/text_summary", "samples/text_summary"}


def test_samples_as_a_table() -> None:
    assert sample_table(EPOCHS[0]).splitlines()[2] == "| `a¦bˋ` | (nothing) |"
    page = replace(SCORE, samples=(Sample("TOTAL\n5.00", "TOTAL"),))
    assert sample_table(replace(EPOCHS[0], score=page)).splitlines()[2:] == ["| `TOTAL⏎5.00` | `TOTAL` |"]


def test_figures_are_named_by_what_was_measured() -> None:
    """Pages and tokens where a model learns pages; what a way doesn't measure has no curve."""
    pages = replace(EPOCHS[1], drift=None, score=replace(SCORE, unit="pages"), speed_unit="tokens")
    added = set(figures(pages)) - set(figures(EPOCHS[1]))
    assert added == {"val/exact_pages", "train/tokens_per_s"}
    gone = set(figures(EPOCHS[1])) - set(figures(pages))
    assert gone == {"val/exact_lines", "train/lines_per_s", "train/drift"}


@pytest.mark.skipif(missing("mlflow"), reason="mlflow is not installed: pip install 'recto[mlflow]'")
@pytest.mark.filterwarnings("ignore")  # MLflow's own, about its database library
def test_mlflow_keeps_a_database_in_the_run(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    (opener,) = find_trackers(["mlflow"])
    tracker = opener(tmp_path, {"epochs": 3})
    for epoch in EPOCHS:
        tracker.epoch(epoch)
    tracker.close()
    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow' / 'mlflow.db'}")
    (run,) = client.search_runs([client.get_experiment_by_name("recto").experiment_id])
    assert run.data.params == {"epochs": "3"}
    assert [m.value for m in client.get_metric_history(run.info.run_id, "val/cer")] == [0.1, 0.1, 0.05]


@pytest.mark.skipif(missing("wandb"), reason="wandb is not installed: pip install 'recto[wandb]'")
@pytest.mark.filterwarnings("ignore")  # W&B's own
def test_wandb_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WANDB_MODE", raising=False)
    (opener,) = find_trackers(["wandb"])
    tracker = opener(tmp_path, {"epochs": 3})
    for epoch in EPOCHS:
        tracker.epoch(epoch)
    tracker.close()
    assert list((tmp_path / "wandb").glob("offline-run-*/*.wandb"))
