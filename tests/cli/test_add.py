"""`recto init` and `recto add` as they are typed."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from recto.cli.verbs import app
from recto.engines.model_folder import RECOGNISER
from recto.errors import DatasetError, RectoError, SettingsError, WorkspaceError
from recto.workspace.folder import open_workspace
from recto.workspace.tables import DocumentRow

from .conftest import Place, call, page

run = CliRunner().invoke


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace that one stands in, with loose scans in it."""
    monkeypatch.chdir(tmp_path)
    assert run(app, ["init"]).exit_code == 0
    for number in range(4):
        page(tmp_path / "scans" / f"receipt_{number}.png", number)
        (tmp_path / "scans" / f"receipt_{number}.txt").write_text(f"text {number}")
    page(tmp_path / "scans" / "invoice_9.png", 9)
    return tmp_path


def rows(folder: Path) -> list[DocumentRow]:
    with open_workspace(folder).read() as session:
        return session.query(DocumentRow).order_by(DocumentRow.id).all()


def test_init_says_where_and_refuses_a_second_time(tmp_path: Path) -> None:
    result = run(app, ["init", str(tmp_path / "w")])
    assert result.exit_code == 0
    assert str(tmp_path / "w" / "recto.toml") in result.output
    assert isinstance(run(app, ["init", str(tmp_path / "w")]).exception, WorkspaceError)
    again = run(app, ["init", str(tmp_path / "w"), "--exist-ok"])
    assert (again.exit_code, "nothing was changed" in again.output) == (0, True)


def test_exist_ok_still_tells_what_is_wrong_there(tmp_path: Path) -> None:
    (tmp_path / "recto.toml").write_text("[split]\ntrain = 90\n")
    result = run(app, ["init", str(tmp_path), "--exist-ok"])
    assert isinstance(result.exception, SettingsError)


def test_add_tells_what_became_of_everything(here: Path) -> None:
    first = run(app, ["add", "scans", "--no-read"])
    assert first.exit_code == 0, first.output
    assert "4 pages with a trusted text; 1 page without text: queued" in first.output
    assert "The workspace holds 4 trusted pages (train " in first.output
    assert "1 waiting for a text." in first.output
    (here / "scans" / "invoice_9.txt").write_text("at last")
    (here / "scans" / "receipt_0.txt").write_text("better")
    second = run(app, ["add", "scans", "--no-read"])
    told = "1 page with a trusted text; 1 page known, with a new label; 3 pages known as they are"
    assert told in second.output
    assert "waiting" not in second.output


def test_another_text_for_documents_that_measure_is_told_by_name(here: Path) -> None:
    entries = [
        {"image": f"scans/receipt_{n}.png", "text": f"text {n}", "split": split}
        for n, split in enumerate(["test", "train", "test"])
    ]
    (here / "set.jsonl").write_text("\n".join(map(json.dumps, entries)))
    assert "measure" not in run(app, ["add", "set.jsonl", "--no-read"]).output
    for number in range(3):
        (here / "scans" / f"receipt_{number}.txt").write_text("otherwise")
    result = run(app, ["add", "scans/receipt_0.png", "scans/receipt_1.png", "--no-read"])
    told = "1 test page got another text: figures measured before don't count it so."
    assert told in result.output and "  scans/receipt_0.png" in result.output
    assert "  scans/receipt_1.png" not in result.output
    found = json.loads(run(app, ["add", "scans/receipt_2.png", "--no-read", "--json"]).output)
    assert found["remeasured"] == [{"id": 3, "document": "scans/receipt_2.png", "page": None}]
    assert found["updated"] == [3]


def test_add_reads_the_workspace_that_one_stands_in_without_its_own_files(here: Path) -> None:
    run(app, ["add", "scans", "--no-read"])
    result = run(app, ["add", ".", "--no-read", "--json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.output)
    assert (len(found["known"]), found["trusted"], found["queued"]) == (5, [], [])


def test_what_cant_be_added_is_listed_and_the_rest_is_added(here: Path) -> None:
    (here / "scans" / "broken.jpg").write_bytes(b"\xff\xd8\xff broken")
    (here / "scans" / "odd.txt").write_text("")
    page(here / "scans" / "odd.png", 77)
    result = run(app, ["add", "scans", "nowhere", "--no-read"])
    assert result.exit_code == 1
    assert "3 refused:" in result.output
    for words in ("broken.jpg: ", "odd.txt: the text is empty", "nowhere: there is no such file"):
        assert words in result.output
    assert len(rows(here)) == 5


def test_nothing_to_add_is_an_error(here: Path) -> None:
    (here / "empty").mkdir()
    for path in ("empty", "nowhere"):
        result = run(app, ["add", path])
        assert isinstance(result.exception, DatasetError)
        assert path in str(result.exception)


def test_outside_of_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page(tmp_path / "a.png", 1)
    result = run(app, ["add", "a.png"])
    assert isinstance(result.exception, RectoError)
    assert "recto init" in str(result.exception)


def test_category_business_and_workspace_are_flags(
    here: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    page(elsewhere / "x.png", 40)
    call = ["add", str(elsewhere / "x.png"), "--category", "contract", "--business", "legal", "--no-read"]
    assert run(app, [*call, "--workspace", str(here)]).exit_code == 0
    (row,) = rows(here)
    assert (row.category, row.business, row.state) == ("contract", "legal", "queued")


def test_documents_without_text_are_read_at_the_end(here: Path) -> None:
    result = run(app, ["add", "scans/invoice_9.png"])
    assert result.exit_code == 0, result.output
    assert "1 page read, to be corrected or accepted" in result.output
    (row,) = rows(here)
    assert row.state == "queued" and row.reading is not None
    assert row.reading["document"] == "invoice_9.png"


def test_kin_that_move_are_told(here: Path) -> None:
    entries = [
        {"image": f"scans/receipt_{n}.png", "text": f"text {n}", "group": "g", "split": split}
        for n, split in enumerate(["train", "train", "test"])
    ]
    (here / "set.jsonl").write_text("\n".join(map(json.dumps, entries)))
    result = run(app, ["add", "set.jsonl", "--no-read"])
    assert result.exit_code == 0, result.output
    assert "2 pages went to a stricter split" in result.output
    assert {row.split for row in rows(here)} == {"test"}


def test_a_model_that_cant_read_doesnt_hide_what_was_added(place: Place) -> None:
    call("releases", "promote", 3)
    weights = place.folder / "releases" / "0003" / "model" / RECOGNISER
    weights.chmod(0o644)
    weights.write_bytes(b"other")
    call("add", place.page, "--business", "legal", "--no-read")
    page(place.folder / "in" / "more.png", 40)
    done = call("add", place.folder / "in", "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert (len(found["queued"]), len(found["known"])) == (1, 1)
    assert (found["read"], found["unreadable"], found["waiting"]) == (0, 0, 2)
    assert "was changed" in found["reading_error"]
    assert {row.state for row in rows(place.folder)} == {"queued"}
    again = call("add", place.folder / "in")
    assert again.exit_code == 1
    assert "2 pages known as they are" in again.stdout
    assert "2 pages stay queued, unread:" in again.stderr and "was changed" in again.stderr
    call("releases", "promote", 2)  # now business type legal has one that reads
    again = call("add", place.folder / "in", "--json")
    assert (json.loads(again.stdout)["read"], json.loads(again.stdout)["waiting"]) == (1, 1)


def test_a_category_that_is_new_is_told(here: Path) -> None:
    first = run(app, ["add", "scans/receipt_0.png", "--no-read"])
    assert "ategor" not in first.output  # the mix of the settings knows it
    found = run(app, ["add", "scans/receipt_1.png", "--category", "recipt", "--no-read"]).output
    assert "New category: recipt (did you mean receipt?)" in found
    page(here / "memo_1.png", 50)
    page(here / "IMG_2.png", 51)
    found = run(app, ["add", "memo_1.png", "IMG_2.png", "scans/receipt_1.png", "--no-read"]).output
    assert "New category: memo\n" in found
    found = run(app, ["add", "scans", "--category", "invoces", "--no-read", "--json"]).output
    assert json.loads(found)["new_categories"] == {"invoces": "invoice"}
    assert {row.category for row in rows(here)} == {"invoces", "memo", "other"}


@pytest.mark.parametrize("name", ["notes.txt", "notes.TXT"])
def test_a_text_without_its_document_is_told_with_what_to_do(name: str, here: Path) -> None:
    (here / name).write_text("[read by a person]")
    result = run(app, ["add", name])
    assert isinstance(result.exception, DatasetError)
    assert f"{name}: this is a text without its document (put the image or PDF" in str(result.exception)
    result = run(app, ["add", name, "scans/receipt_0.txt", "scans/receipt_0.png", "--no-read"])
    assert (result.exit_code, "1 refused:" in result.output, len(rows(here))) == (1, True, 1)
