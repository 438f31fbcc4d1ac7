"""The loop of a tagger: which documents count, what is new, who may ask, what is told. Nothing is read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from recto.corrections.consent import Consent, set_consent
from recto.corrections.documents import document
from recto.corrections.edit import FieldsEdit, Saved, Stamp
from recto.corrections.store import save_fields
from recto.datasets.corpus.labelled import snapshot_labelled
from recto.datasets.example import Example
from recto.datasets.pages import content_hash
from recto.errors import RegistryError
from recto.extraction.loading import load_schema
from recto.retraining import ledger
from recto.retraining.facts import gather
from recto.retraining.ledger import Beginning, Ending, Wish
from recto.retraining.loops import ask, loops_of
from recto.retraining.status import read_status
from recto.retraining.watch import Watch
from recto.training.tagging.labelled import labels_for
from recto.workspace.folder import Workspace, open_workspace
from recto.workspace.tables import DocumentRow
from recto.workspace.utc import now

Page = Callable[..., Example]
Add = Callable[..., None]
SCOPE = "fields:receipt"
FIELDS = {"total": "31.00"}


def run(workspace: Workspace) -> None:
    """A Cycle of the tagger that came to a verdict now."""
    number = ledger.begin(workspace, SCOPE, ["asked by hand"])
    ledger.describe(workspace, number, Beginning("f00", {}, {}, "runs/0001"))
    snapshot_labelled(workspace, labels_for(load_schema("receipt"), workspace.settings), number)
    with workspace.transaction() as session:
        ledger.end(session, number, Ending("refused", "worse"))


def correct(workspace: Workspace, page: Example, total: str) -> str:
    """Save a total of the document as a person does; its split."""
    sha256 = content_hash(page)
    stamp = Stamp("anna", document(workspace, sha256).fields_version)
    assert isinstance(save_fields(workspace, sha256, FieldsEdit({"total": total}), stamp), Saved)
    with workspace.read() as session:
        return session.scalars(select(DocumentRow.split).where(DocumentRow.sha256 == sha256)).one()


def test_documents_count_by_their_category_and_fields(workspace: Workspace, page: Page, add: Add) -> None:
    add(
        workspace,
        page(1, "a", split="train", fields=FIELDS),
        page(2, None, split="test", fields=FIELDS),
        page(3, "c", split="train"),
        page(4, "d", split="train", fields={"shoe_size": "43"}),
        page(5, "e", split="train", fields=FIELDS, category="invoice"),
        page(6, "f", split="train", fields=FIELDS, category="letter"),
        page(7, "g", split="train", fields=FIELDS, business="legal"),
    )
    facts = gather(workspace, SCOPE, now())
    assert (dict(facts.trusted), facts.new, facts.new_train) == ({"train": 1, "test": 1}, 2, 1)
    assert facts.refusal == "1 test documents with fields, 20 wanted"
    assert gather(workspace, "fields:invoice", now()).train == 1
    set_consent(workspace, content_hash(page(1, "a")), Consent(train=False), "anna")
    assert gather(workspace, SCOPE, now()).train == 0


def test_corrected_fields_are_placed_and_new(workspace: Workspace, page: Page, add: Add) -> None:
    pages = [page(number, None) for number in range(3)]
    add(workspace, *pages, page(8, "text", split="train", fields=FIELDS))
    assert correct(workspace, pages[0], "1.00") in ("train", "val", "test")
    run(workspace)
    assert gather(workspace, SCOPE, now()).new == 0
    correct(workspace, pages[0], "2.00")
    correct(workspace, pages[1], "3.00")
    facts = gather(workspace, SCOPE, now())
    assert (facts.new, sum(facts.trusted.values())) == (2, 3)
    add(workspace, page(9, "text", split="test", fields=FIELDS))
    assert gather(workspace, SCOPE, now()).new == 3


def test_status_tells_of_taggers_that_have_something_to_learn(
    workspace: Workspace, page: Page, add: Add
) -> None:
    assert [scope.scope for scope in read_status(workspace, now()).scopes] == ["general", "legal"]
    add(workspace, page(1, "a", split="train", fields=FIELDS))
    told = read_status(workspace, now()).scopes[-1]
    assert (told.scope, told.documents, told.release) == (SCOPE, {"train": 1}, None)
    assert "with trusted fields to train on" in told.triggers[0].words


def test_a_cycle_can_be_asked_for_where_there_is_a_loop(workspace: Workspace) -> None:
    ask(workspace, SCOPE, "anna wants it")
    assert [one.requests for one in read_status(workspace, now()).scopes if one.scope == SCOPE] == [
        ["anna wants it"]
    ]
    with pytest.raises(RegistryError, match="no loop looks after fields:letter"):
        ask(workspace, "fields:letter", "anna wants it")


def test_a_schema_of_ones_own_has_a_loop_by_the_recipe(workspace: Workspace, page: Page, add: Add) -> None:
    (workspace.path / "parcel.json").write_text(
        '{"type": "object", "properties": {"weight": {"type": "string"}}}'
    )
    (workspace.path / "tagger.yaml").write_text("kind: tagger\nfields_of: parcel.json\n")
    toml = workspace.path / "recto.toml"
    toml.write_text('[training]\ntagger_recipe = "tagger.yaml"\n')
    opened = open_workspace(workspace.path)
    assert loops_of(opened)[-2:] == ("fields:tax_form", "fields:parcel")
    add(opened, page(1, "a", split="train", fields={"weight": "3 kg"}, category="letter"))
    assert gather(opened, "fields:parcel", now()).train == 1
    (workspace.path / "parcel.json").write_text("{")
    lines: list[str] = []
    assert not Watch(workspace.path, lines.append).run(once=True)
    assert any("error in training.tagger_recipe" in line and "isn't JSON" in line for line in lines)


def test_the_loop_runs_what_was_asked_for_and_answers_what_cant_be(workspace: Workspace) -> None:
    """There is nothing to learn from, which is told; a wish that no tagger can fulfil is answered by that."""
    ask(workspace, SCOPE, "anna wants it", Wish(test_mode=True))
    lines: list[str] = []
    assert not Watch(workspace.path, lines.append).run(once=True)
    with workspace.read() as session:
        assert ledger.open_requests(session, SCOPE) == ()
    ask(workspace, SCOPE, "anna wants it")
    assert not Watch(Path(workspace.path), lines.append).run(once=True)
    assert any("no test mode" in line for line in lines)
    assert any("no document to learn from has trusted fields of receipt" in line for line in lines)
    with workspace.read() as session:
        assert len(ledger.open_requests(session, SCOPE)) == 1
