"""What the loop makes of corrections: its Triggers count them, without any step between."""

import pytest

from recto.corrections.consent import Consent, set_consent
from recto.corrections.documents import document
from recto.corrections.edit import Stamp, TranscriptEdit
from recto.corrections.place import Place
from recto.corrections.store import save_transcript
from recto.retraining import ledger
from recto.retraining.facts import gather
from recto.retraining.ledger import Beginning, Ending
from recto.retraining.triggers import new_documents
from recto.settings import TriggerSettings
from recto.workspace.folder import Workspace
from recto.workspace.utc import now

from .conftest import Read


def correct(workspace: Workspace, place: Place) -> None:
    version = document(workspace, place.sha256).pages[0].content.version
    save_transcript(workspace, place, TranscriptEdit(f"a person's {place}"), Stamp("anna", version))


@pytest.mark.parametrize(("corrected", "withdrawn", "due"), [(5, 0, True), (4, 0, False), (5, 1, False)])
def test_corrected_documents_make_a_cycle_due(
    corrected: int, withdrawn: int, due: bool, workspace: Workspace, read: Read
) -> None:
    places = [read(f"page {number}", "machine") for number in range(corrected)]
    number = ledger.begin(workspace, "general", ["asked by hand"])
    ledger.describe(workspace, number, Beginning("f00", {}, {}, "runs/0001"))
    with workspace.transaction() as session:
        ledger.end(session, number, Ending("refused", "worse"))
    assert gather(workspace, "general", now()).new == 0
    for place in places:
        correct(workspace, place)
    for place in places[:withdrawn]:
        set_consent(workspace, place.sha256, Consent(train=False), "anna")
    facts = gather(workspace, "general", now())
    assert facts.new == corrected - withdrawn and facts.new_train > 0
    assert new_documents(facts, TriggerSettings(new_documents=5)).due is due
