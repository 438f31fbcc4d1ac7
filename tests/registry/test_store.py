"""A Release is whole, numbered, read-only, and refused when its files aren't what was measured."""

import json
import shutil
import stat
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recto.engines.model_folder import RECOGNISER, open_model
from recto.errors import ModelFolderError, OutputError, RegistryError
from recto.registry.folder import ADDING, NEW
from recto.registry.gates import Verdict
from recto.registry.release import CARD, Release
from recto.registry.store import (
    add_release,
    current,
    currents,
    model_path,
    recipe_of,
    release,
    release_folder,
    releases,
    report_of,
    strangers,
    verify,
)
from recto.workspace.tables import CycleRow
from recto.workspace.utc import now

from .conftest import ORIGIN, Registry


def visible(registry: Registry) -> list[str]:
    """What stands in `releases/`."""
    return sorted(path.name for path in registry.workspace.releases.iterdir())


def test_what_was_added_is_what_is_found(registry: Registry) -> None:
    report = registry.report({"0.png": "receipt number 0"})
    added = add_release(registry.workspace, "general", registry.model(), report, ORIGIN)
    assert (added.number, added.scope, added.engine, added.cycle_id) == (1, "general", "ppocr", None)
    assert (added.data_fingerprint, added.base_sha256) == (ORIGIN.data_fingerprint, ORIGIN.base_sha256)
    assert added.metrics["headline"] == "cer"
    assert added.error_rate == pytest.approx(report.metrics.cer)
    assert release(registry.workspace, 1) == added
    assert releases(registry.workspace) == (added,)
    assert report_of(registry.workspace, added) == report
    assert recipe_of(registry.workspace, added) == ORIGIN.recipe
    assert open_model(model_path(registry.workspace, added)).file(RECOGNISER).read_bytes() == b"weights"
    assert (release_folder(registry.workspace, added) / "report.html").is_file()


def test_numbers_count_up_and_nothing_is_current_by_being_added(registry: Registry) -> None:
    added = [registry.add(bytes([i]), scope=scope) for i, scope in enumerate(("general", "legal", "general"))]
    assert [r.number for r in added] == [1, 2, 3]
    assert [r.number for r in releases(registry.workspace, "general")] == [1, 3]
    assert current(registry.workspace, "general") is None
    assert currents(registry.workspace) == {}
    assert len({r.content_sha256 for r in added}) == 3


def test_the_card_says_where_it_comes_from(registry: Registry) -> None:
    with registry.workspace.transaction() as session:
        session.add(
            CycleRow(
                id=7, scope="general", state="running", started_at=now(), reasons=[], data_fingerprint="",
                documents={}, recipe={}, run_folder="",
            )
        )  # fmt: skip
    origin = replace(ORIGIN, cycle_id=7, verdicts=(Verdict("better", True, "CER fell"),))
    added = registry.add(origin=origin)
    card = verify(registry.workspace, added)
    assert (card.number, card.cycle_id, card.base_name) == (1, 7, "PP-OCRv6-small")
    assert card.verdicts == origin.verdicts
    assert set(card.files) == {
        "model/model.json", f"model/{RECOGNISER}", "recipe.yaml", "report.html", "report.json",
    }  # fmt: skip
    assert release(registry.workspace, 1).cycle_id == 7


def test_all_files_are_read_only(registry: Registry) -> None:
    folder = release_folder(registry.workspace, registry.add())
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o444}


def test_a_release_that_does_not_exist(registry: Registry) -> None:
    with pytest.raises(RegistryError, match="no Release 1") as caught:
        release(registry.workspace, 1)
    assert "none yet" in caught.value.hint
    registry.add()
    with pytest.raises(RegistryError, match="no Release 5") as caught:
        release(registry.workspace, 5)
    assert "newest is 1" in caught.value.hint


def overwrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def edit_card(folder: Path) -> None:
    card = json.loads((folder / CARD).read_bytes())
    card["files"]["model/recogniser.onnx"]["sha256"] = "0" * 64
    overwrite(folder / CARD, json.dumps(card).encode())


TAMPERINGS: dict[str, tuple[Callable[[Path], object], str]] = {
    "weights changed": (
        lambda f: overwrite(f / "model" / RECOGNISER, b"weighty"),
        "recogniser.onnx was changed",
    ),
    "weights cut short": (
        lambda f: overwrite(f / "model" / RECOGNISER, b"weigh"),
        "recogniser.onnx was changed",
    ),
    "weights gone": (lambda f: (f / "model" / RECOGNISER).unlink(), "recogniser.onnx is missing"),
    "model card changed": (lambda f: overwrite(f / "model" / "model.json", b"{}"), "model.json was changed"),
    "report changed": (lambda f: overwrite(f / "report.json", b"{}"), "report.json was changed"),
    "recipe changed": (lambda f: overwrite(f / "recipe.yaml", b""), "recipe.yaml was changed"),
    "card changed to fit": (edit_card, "release.json was changed"),
    "card gone": (lambda f: (f / CARD).unlink(), "release.json can't be read"),
    "all gone": (shutil.rmtree, "release.json can't be read"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_release_is_refused_whatever_it_is_wanted_for(registry: Registry, name: str) -> None:
    tamper, message = TAMPERINGS[name]
    added = registry.add()
    tamper(release_folder(registry.workspace, added))
    uses: list[Callable[[], object]] = [
        lambda: verify(registry.workspace, added),
        lambda: model_path(registry.workspace, added),
        lambda: report_of(registry.workspace, added),
        lambda: registry.promote(added.number),
    ]
    for use in uses:
        with pytest.raises(RegistryError, match=message) as caught:
            use()
        assert caught.value.hint
    assert current(registry.workspace, "general") is None


def test_another_model_than_the_measured_one_is_refused(registry: Registry) -> None:
    model = registry.model(b"one")
    other = open_model(registry.model(b"other")).label
    report = registry.report().model_copy(update={"engine": f"ppocr {other}"})
    with pytest.raises(RegistryError, match="the Report is of"):
        add_release(registry.workspace, "general", model, report, ORIGIN)
    fitting = report.model_copy(update={"engine": f"ppocr {open_model(model).label}"})
    assert add_release(registry.workspace, "general", model, fitting, ORIGIN).number == 1


def test_a_broken_model_folder_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError):
        add_release(registry.workspace, "general", tmp_path, registry.report(), ORIGIN)
    assert visible(registry) == []
    assert releases(registry.workspace) == ()


def test_a_folder_that_can_not_be_written_is_our_error(registry: Registry) -> None:
    registry.add()
    in_the_way = registry.workspace.releases / NEW
    in_the_way.write_text("a file")
    with pytest.raises(OutputError, match="can't be written"):
        registry.add(b"two")
    assert [r.number for r in releases(registry.workspace)] == [1]
    in_the_way.unlink()
    assert registry.add(b"two").number == 2


def test_what_a_killed_add_left_is_swept_by_the_next(registry: Registry) -> None:
    """An unfinished folder, and a finished one whose row never came."""
    registry.add(b"one")
    place = registry.workspace.releases
    shutil.copytree(place / "0001", place / "0002")
    (place / ADDING).write_text('{"number": 2}')
    (place / NEW / "model").mkdir(parents=True)
    (place / NEW / "model" / "model.json").write_text("{")
    assert [r.number for r in releases(registry.workspace)] == [1]
    added = registry.add(b"two")
    assert added.number == 2
    verify(registry.workspace, added)
    assert open_model(model_path(registry.workspace, added)).file(RECOGNISER).read_bytes() == b"two"
    assert visible(registry) == ["0001", "0002"]


def test_the_mark_of_an_add_that_ended_well_sweeps_nothing(registry: Registry) -> None:
    registry.add(b"one")
    (registry.workspace.releases / ADDING).write_text('{"number": 1}')
    registry.add(b"two")
    for one in releases(registry.workspace):
        verify(registry.workspace, one)
    assert visible(registry) == ["0001", "0002"]


def test_a_folder_of_unknown_origin_keeps_its_number_and_is_told(registry: Registry) -> None:
    """A hand's, a backup's, another database's: an add passes it by, or a whole training would be lost."""
    place = registry.workspace.releases
    for name in ("0001", "0003"):
        (place / name).mkdir()
        (place / name / "model.json").write_text("precious")
    (place / "0004").write_text("a file")
    assert [registry.add(weights).number for weights in (b"1", b"2")] == [2, 5]
    assert (place / "0001" / "model.json").read_text() == "precious"
    assert visible(registry) == ["0001", "0002", "0003", "0004", "0005"]
    assert [path.name for path in strangers(registry.workspace)] == ["0001", "0003", "0004"]


@pytest.mark.parametrize("mark", ["", "{", "[]", '{"other": 1}', '{"number": null}'])
def test_a_mark_that_no_add_wrote_sweeps_nothing(registry: Registry, mark: str) -> None:
    (registry.workspace.releases / "0001").mkdir()
    (registry.workspace.releases / ADDING).write_text(mark)
    assert registry.add().number == 2
    assert visible(registry) == ["0001", "0002"]


def test_what_a_killed_add_left_is_no_stranger(registry: Registry) -> None:
    (registry.workspace.releases / "0001").mkdir()
    (registry.workspace.releases / ADDING).write_text('{"number": 1}')
    assert strangers(registry.workspace) == ()


def test_many_threads_add_one_after_the_other(registry: Registry) -> None:
    added: list[Release] = []
    models = [registry.model(bytes([i])) for i in range(4)]
    report = registry.report()

    def add(model: Path) -> None:
        added.append(add_release(registry.workspace, "general", model, report, ORIGIN))

    threads = [threading.Thread(target=add, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(r.number for r in added) == [1, 2, 3, 4]
    for one in releases(registry.workspace):
        verify(registry.workspace, one)
