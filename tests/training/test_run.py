"""Run folders: new, replaced, gone on with; what a kill leaves is no hindrance."""

import json
from pathlib import Path

import pytest

from recto.errors import OutputError, TrainingError, WorkspaceBusy
from recto.training.ctc.recipe import CtcRecipe
from recto.training.ctc.way import CtcWay
from recto.training.identity import Identity, code_version, identity_of
from recto.training.progress import Epoch, Score, Silent
from recto.training.run import open_run
from recto.training.spent import Stopwatch

SCORE = Score(cer=0.1, wer=0.2, errors=1, characters=10, exact=0.5, samples=())


def identity(fingerprint: str = "aaaa", code: str = "1", model: str = "m", **settings: object) -> Identity:
    recipe = CtcRecipe.model_validate(settings)
    wanted = identity_of("train", CtcWay(recipe), (Path("data"), fingerprint), model)
    return wanted.model_copy(update={"code": code})


def begin(folder: Path, wanted: Identity | None = None) -> None:
    with open_run(folder, wanted or identity(), "new") as run:
        run.write_json("before.json", 1)


def test_a_new_run(tmp_path: Path) -> None:
    with open_run(tmp_path / "run", identity(), "new") as run:
        assert not run.resumed
        assert run.read("before.json") is None
        run.write_json("before.json", {"é": 1})
        assert run.read("before.json") is None  # this attempt's own results are in its memory
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"run.json", "run.lock", "recipe.yaml", "environment.json", "log.jsonl", "before.json"}


def test_the_code_version_names_the_source() -> None:
    version, _, digest = code_version().partition("+")
    assert version
    assert len(digest) == 12


def test_going_on(tmp_path: Path) -> None:
    begin(tmp_path)
    with open_run(tmp_path, identity(price_per_hour=2.0, trackers=["wandb"]), "resume") as run:
        assert run.resumed
        assert run.read("before.json") == b"1\n"
        assert run.read("training.json") is None


def test_what_other_packages_computed_is_not_gone_on_with(tmp_path: Path) -> None:
    begin(tmp_path, identity().model_copy(update={"packages": {"torch": "2.0"}}))
    with open_run(tmp_path, identity().model_copy(update={"packages": {"torch": "2.1"}}), "resume") as run:
        assert not run.resumed
        assert run.note.startswith("this run began with other versions of torch")


@pytest.mark.parametrize("left", [(), ("run.lock",), ("run.lock", "run.json.part")])
def test_going_on_with_what_hardly_began(tmp_path: Path, left: tuple[str, ...]) -> None:
    for name in left:
        (tmp_path / name).touch()
    with open_run(tmp_path, identity(), "resume") as run:
        assert not run.resumed
        assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (identity(fingerprint="bbbb"), ["its dataset is data (aaaa), not data (bbbb)"]),
        (identity(epochs=3, seed=7), ["its recipe says", "epochs: 8", "epochs: 3", "seed: 0", "seed: 7"]),
        (identity().model_copy(update={"verb": "improve"}), ["recto train", "recto improve"]),
    ],
)
def test_another_run_is_refused_with_both_named(tmp_path: Path, other: Identity, words: list[str]) -> None:
    wanted = identity(epochs=8)
    begin(tmp_path, wanted)
    with pytest.raises(TrainingError, match="another run") as caught, open_run(tmp_path, other, "resume"):
        pass
    assert all(word in str(caught.value) for word in words)
    assert (tmp_path / "before.json").is_file()


def test_other_code_starts_anew_and_says_so(tmp_path: Path) -> None:
    begin(tmp_path)
    with open_run(tmp_path, identity(code="2"), "resume") as run:
        assert not run.resumed
        assert "recto 1 began this run, this is 2" in run.note
    assert not (tmp_path / "before.json").exists()


def test_what_was_measured_of_another_model_is_measured_anew(tmp_path: Path) -> None:
    """A Release was promoted or rolled back in between: before.json is of a model that isn't in use."""
    begin(tmp_path)
    with open_run(tmp_path, identity(model="another"), "resume") as run:
        assert run.read("before.json") is None
        assert run.note == "this run began beside model m, in use is another: it starts anew"


def test_an_earlier_run_is_replaced_only_when_asked(tmp_path: Path) -> None:
    begin(tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="earlier run"), open_run(tmp_path, identity(), "new"):
        pass
    with open_run(tmp_path, identity(seed=1), "overwrite") as run:
        assert not run.resumed
    names = {path.name for path in tmp_path.iterdir()}
    assert "before.json" not in names
    assert "checkpoints" not in names
    assert "notes.txt" in names


@pytest.mark.parametrize("start", ["new", "overwrite", "resume"])
def test_folders_of_others_are_refused(tmp_path: Path, start: str) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="something else"), open_run(tmp_path, identity(), start):  # type: ignore[arg-type]
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_two_processes_in_one_folder(tmp_path: Path) -> None:
    with (
        open_run(tmp_path, identity(), "new"),
        pytest.raises(WorkspaceBusy, match="held by process"),
        open_run(tmp_path, identity(), "resume"),
    ):
        pass


def test_what_a_kill_tore_is_mended(tmp_path: Path) -> None:
    begin(tmp_path)
    log = tmp_path / "log.jsonl"
    log.write_text(log.read_text() + '{"time": "2026')
    (tmp_path / "training.json.part").write_text("half")
    (tmp_path / ".model-x1.part").mkdir()
    with open_run(tmp_path, identity(), "resume"):
        pass
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert events == ["start", "resume"]
    assert not [path.name for path in tmp_path.iterdir() if "part" in path.name]


def test_epochs_that_the_log_lacks_are_caught_up(tmp_path: Path) -> None:
    epochs = tuple(Epoch(number, 0.0, 0.0, SCORE, 1.0, is_best=True) for number in range(3))
    with open_run(tmp_path, identity(), "new") as run:
        run.log("epoch", number=0)
    with open_run(tmp_path, identity(), "resume") as run:
        run.log_epochs(epochs)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["number"] for row in rows if row["event"] == "epoch"] == [0, 1, 2]


def test_time_is_summed_over_attempts(tmp_path: Path) -> None:
    for attempt, start in enumerate(("new", "resume"), start=1):
        now = iter([0.0, 0.0, 5.0, 7.5, 7.5, 7.5])
        with open_run(tmp_path, identity(), start) as run:  # type: ignore[arg-type]
            watch = Stopwatch(run, Silent(), clock=lambda: next(now))  # noqa: B023
            watch.stage("lines", 1)
            watch.stage("training", 1)
            spent = watch.settle()
        assert spent.seconds == {"lines": 5.0 * attempt, "training": 2.5 * attempt}
        assert spent.attempts == attempt
