"""What becomes of an Example: trusted, queued, known, updated, refused; and nothing half there."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.corpus import Added, add_examples, counts, examples_of, set_text, shares_of, snapshot
from recto.datasets.example import Example
from recto.datasets.loading import load_dataset
from recto.datasets.splitting import Shares
from recto.documents.transcript import Line
from recto.errors import DatasetError, WorkspaceError
from recto.settings import SplitSettings
from recto.workspace.blobs import blob_fault, blob_path
from recto.workspace.folder import Workspace
from recto.workspace.tables import DocumentRow

ALL_TRAIN = Shares(1, 0, 0)


def add(workspace: Workspace, *examples: Example, shares: Shares = ALL_TRAIN) -> Added:
    return add_examples(workspace, examples, shares=shares)


def rows(workspace: Workspace) -> list[DocumentRow]:
    with workspace.read() as session:
        return session.query(DocumentRow).order_by(DocumentRow.id).all()


def test_with_text_trusted_without_queued(workspace: Workspace, page: Callable[..., Example]) -> None:
    added = add(workspace, page(1), page(2, text=None, text_unverified="perhaps"))
    assert (len(added.trusted), len(added.queued), added.refused) == (1, 1, ())
    one, two = rows(workspace)
    assert (one.state, one.split, one.text) == ("trusted", "train", "text 1")
    assert (two.state, two.split, two.text, two.trusted_at) == ("queued", "none", None, None)
    assert blob_path(workspace, one.sha256).read_bytes() == page(1).source.read_bytes()
    assert [e.image for e in snapshot(workspace, "general").examples] == ["receipt_001.png"]


def test_an_example_comes_back_as_it_was(workspace: Workspace, folder: Path) -> None:
    given = load_dataset(folder).examples
    added = add(workspace, *given)
    back = examples_of(workspace, (*added.trusted, *added.queued))
    assert len(back) == len(given)
    told = {e.image.split("/")[1]: e for e in given}
    for example in back:
        was = told[example.image]
        same = replace(was, image=example.image, source=example.source, origin=example.origin)
        assert example == (same if was.text is not None else replace(same, split="test"))
        assert example.source.read_bytes() == was.source.read_bytes()


def test_what_is_known_is_not_added_again(workspace: Workspace, page: Callable[..., Example]) -> None:
    first = add(workspace, page(1), page(2, text=None))
    again = add(workspace, page(1, image="other/name.png"), page(2, text=None), page(1, text=None))
    assert again.known == (*first.trusted, *first.queued)
    assert not (again.trusted or again.queued or again.updated)
    assert len(rows(workspace)) == 2


def test_a_queued_document_becomes_trusted_by_its_text(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    (row_id,) = add(workspace, page(1, text=None)).queued
    added = add(workspace, page(1, text="read by a person", fields={"total": "1"}))
    assert added.trusted == (row_id,)
    (row,) = rows(workspace)
    assert (row.state, row.split, row.facts) == ("trusted", "train", {"fields": {"total": "1"}})


def test_a_later_label_replaces_the_one_before(workspace: Workspace, page: Callable[..., Example]) -> None:
    add(workspace, page(1, fields={"total": "1"}, business="saas"))
    added = add(workspace, page(1, text="better"))
    assert len(added.updated) == 1
    (row,) = rows(workspace)
    assert (row.text, row.business, row.facts) == ("better", "saas", {})
    assert add(workspace, page(1, text="better", group="g")).updated
    assert add(workspace, page(1, text=None)).known == added.updated
    assert rows(workspace)[0].text == "better"


@pytest.mark.parametrize("text", [None, "text 1", "better"])
def test_a_stated_category_replaces_any_other_and_a_guessed_one_none(
    text: str | None, workspace: Workspace, page: Callable[..., Example]
) -> None:
    guessed = replace(page(1, category="letter"), category_guessed=True)
    for given, wanted in (
        (guessed, "letter"),
        (page(1, category="invoice", text=text), "invoice"),
        (replace(guessed, text=text), "invoice"),
        (page(1, category="other", text=text), "other"),
        (replace(guessed, text=text), "other"),
    ):
        add(workspace, given)
        assert rows(workspace)[0].category == wanted


def test_another_text_for_a_document_that_measures_is_told(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    measuring, teaching = page(1, split="test"), page(2)
    waiting = page(3, text=None, split="test")
    first = add(workspace, measuring, teaching, waiting)
    assert first.remeasured == ()
    again = add(workspace, *(replace(e, text="better") for e in (measuring, teaching, waiting)))
    assert again.remeasured == first.trusted[:1]
    assert add(workspace, replace(measuring, text="better", business="saas")).remeasured == ()
    assert (
        add(workspace, replace(teaching, text="best", split="test")).remeasured == ()
    )  # measures from now on


def test_set_text(workspace: Workspace, page: Callable[..., Example]) -> None:
    (row_id,) = add(workspace, page(1, text=None)).queued
    assert set_text(workspace, row_id, "said") == rows(workspace)[0].split != "none"
    assert rows(workspace)[0].state == "trusted"
    with pytest.raises(DatasetError, match="empty"):
        set_text(workspace, row_id, " \n")
    with pytest.raises(WorkspaceError, match="no such document"):
        set_text(workspace, 99, "x")


def test_no_file_replaces_what_a_person_corrected(workspace: Workspace, page: Callable[..., Example]) -> None:
    """An inbox adds all of its texts again once one of them changes; the old one isn't news."""
    line = Line("raed", (0.0, 0.0, 9.0, 9.0))
    old = replace(page(1, text="raed"), lines=(line,))
    (row_id,) = add(workspace, old).trusted
    set_text(workspace, row_id, "read")
    for text in ("raed", "red"):
        again = add(workspace, replace(old, text=text, business="shop"))
        assert (again.corrected, again.updated) == ((row_id,), ())
    (kept,) = rows(workspace)
    assert (kept.text, kept.business, "lines" in kept.facts) == ("read", "shop", False)
    assert add(workspace, replace(old, text="read", lines=None, business="shop")).known == (row_id,)
    set_text(workspace, row_id, "read by a person")
    assert rows(workspace)[0].text == "read by a person"


def test_set_text_drops_lines_of_another_text(workspace: Workspace, folder: Path) -> None:
    (row_id, *_) = add(workspace, *load_dataset(folder).examples).trusted
    assert examples_of(workspace, [row_id])[0].lines
    set_text(workspace, row_id, "something else")
    (example,) = examples_of(workspace, [row_id])
    assert (example.text, example.lines) == ("something else", None)
    assert example.fields


def test_a_persons_text_has_its_own_case(workspace: Workspace, page: Callable[..., Example]) -> None:
    """What said nothing about case was the label before; training and scoring go by the person's letters."""
    shouted = page(1, text="TOTAL", case="upper")
    (row_id,) = add(workspace, shouted).trusted
    set_text(workspace, row_id, "TOTAL")
    assert rows(workspace)[0].facts == {"case": "upper"}
    set_text(workspace, row_id, "Total")
    assert rows(workspace)[0].facts == {}
    line = Line("TOTAL", (0.0, 0.0, 9.0, 9.0))
    for text, fate in (("TOTAL", "corrected"), (None, "known")):
        again = add(workspace, replace(shouted, text=text, lines=(line,)))
        assert getattr(again, fate) == (row_id,)
    assert rows(workspace)[0].facts == {}
    assert add(workspace, replace(shouted, text=None, fields={"total": "1"})).updated == (row_id,)
    assert rows(workspace)[0].facts == {"fields": {"total": "1"}}


def test_bad_ones_are_told_and_the_rest_is_added(
    workspace: Workspace, page: Callable[..., Example], tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing more")
    broken = page(1, image="broken.png", origin="set.json:4")
    added = add(
        workspace,
        replace(broken, source=tmp_path / "broken.png"),
        page(2),
        page(3, text=" \n"),
        replace(page(4), source=tmp_path / "nowhere.png"),
        page(5, page=3),
        page(6),
        page(7, text="a\0b"),
    )
    assert len(added.trusted) == 3
    assert [str(p).split(":")[0] for p in added.refused] == [
        "set.json",
        "receipt_003.png",
        "receipt_004.png",
        "receipt_007.png",
    ]
    assert len(rows(workspace)) == 3
    assert not [row.name for row in rows(workspace) if blob_fault(workspace, row.sha256)]


def test_pages_of_a_document_without_text_become_rows(
    workspace: Workspace, make_pdf: Callable[..., bytes]
) -> None:
    pdf = Example("letter.pdf", make_pdf(3), None, "contract")
    assert len(add(workspace, pdf).queued) == 3
    assert len(add(workspace, pdf).known) == 3
    added = add(workspace, replace(pdf, page=2, text="page 2"), replace(pdf, page=9, text="none"))
    assert (len(added.trusted), len(added.refused)) == (1, 1)
    assert [(row.page, row.state, row.split) for row in rows(workspace)] == [
        (1, "queued", "train"),
        (2, "trusted", "train"),
        (3, "queued", "train"),
    ]
    assert add(workspace, replace(pdf, text="first")).trusted == (rows(workspace)[0].id,)


def test_a_page_number_on_a_single_image_is_a_label(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    add(workspace, page(1, page=7))
    assert add(workspace, page(1)).known
    assert len(rows(workspace)) == 1


def test_names_are_told_apart(workspace: Workspace, page: Callable[..., Example]) -> None:
    add(workspace, page(1, image="train/a.png"), page(2, image="test/a.png"), page(3, image="a\x00b.png"))
    names = [row.name for row in rows(workspace)]
    assert names[:2] == ["a.png", "a-2.png"]
    assert names[2].startswith("document-")
    assert len(snapshot(workspace, "general").examples) == 3


def test_snapshots_by_scope_and_limit(workspace: Workspace, page: Callable[..., Example]) -> None:
    toml = (workspace.path / "recto.toml").read_text().replace("scopes = []", 'scopes = ["legal"]')
    (workspace.path / "recto.toml").write_text(toml)
    from recto.workspace.folder import open_workspace

    opened = open_workspace(workspace.path)
    add(opened, page(1, business="legal"), page(2), page(3, business="saas"), page(4, split="test"))
    assert [e.text for e in snapshot(opened, "legal").examples] == ["text 1"]
    assert [e.text for e in snapshot(opened, "general").examples] == ["text 2", "text 3", "text 4"]
    assert [e.text for e in snapshot(opened, "general", limit=1).examples] == ["text 2", "text 4"]
    assert counts(opened, "general").splits == {"train": 2, "test": 1}
    assert counts(opened).businesses == {"none": 2, "legal": 1, "saas": 1}


def test_shares_of_the_settings() -> None:
    assert shares_of(SplitSettings()) == Shares(0.8, 0.1, 0.1)


def test_a_document_that_changes_meanwhile_is_refused(
    workspace: Workspace, page: Callable[..., Example], tmp_path: Path
) -> None:
    class Moving:
        times = 0

        def read(self) -> bytes:
            self.times += 1
            with Image.open(page(1).source) as image:
                image.putpixel((0, 0), (self.times, 0, 0))
                image.save(tmp_path / "now.png")
            return (tmp_path / "now.png").read_bytes()

    added = add(workspace, replace(page(1), source=Moving()))
    assert "changed while it was added" in added.refused[0].what
    assert rows(workspace) == []


def test_a_page_that_gets_its_text_in_the_same_call_is_trusted(
    workspace: Workspace, page: Callable[..., Example]
) -> None:
    added = add(workspace, page(1, text=None), page(1, image="again.png"))
    assert (len(added.trusted), added.queued) == (1, ())
