"""The whole circle of fields, with real processes: people correct them, a tagger learns, answers are better.

As `test_circle`, which is that of reading. Texts aren't corrected here: fields teach by themselves.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import httpx

from recto.datasets.example import Example
from recto.datasets.synthesis.folder import write_folder
from recto.retraining.history import read_history
from recto.workspace.folder import open_workspace

from .circle import due, new_home, recto, served, source, upload
from .hard_receipts import hard_receipt, points_of

SCOPE = "fields:receipt"
MEASURED, CORRECTED = 8, 12
TOML = """
[split]
train = 80
val = 20
test = 0

[triggers]
new_documents = 12
first_run_documents = 7

[gates]
min_test_documents = 8
max_slowdown = 50.0 # how busy the machine is while it is tested says nothing of a tagger
"""
WANTED = ("vendor", "total")

log = logging.getLogger(__name__)


def correct(client: httpx.Client, document: str, fields: dict[str, str]) -> None:
    """Save these fields as the review page does: an amount beside its currency."""
    sent = {
        name: {"amount": value, "currency": None} if name == "total" else value
        for name, value in fields.items()
    }
    version = client.get(f"/v1/documents/{document}").json()["fields_version"]
    answer = client.patch(
        f"/v1/documents/{document}/fields",
        json={"fields": sent},
        headers={"If-Match": f'"{version}"', "Idempotency-Key": f"{document[:20]} {version}"},
    )
    assert answer.status_code == 200, answer.text


def labels(receipt: Example) -> dict[str, str]:
    fields = receipt.fields or {}
    return {"vendor": str(fields["company"]), "total": str(fields["total"])}


def f1(client: httpx.Client, receipts: Sequence[Example], extractor: str) -> float:
    """The F1 of both fields together, as the service finds them now; that must be who finds them."""
    right = said = 0
    for receipt in receipts:
        answer = client.post("/v1/extract", files={"file": source(receipt)}, data={"schema": "receipt"})
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert told["extractor"].endswith(extractor)
        found = {one["name"]: one["value"] for one in told["fields"] if one["name"] in WANTED}
        said += len(found)
        right += sum(value == labels(receipt)[name] for name, value in found.items())
    return 2 * right / (said + len(WANTED) * len(receipts))


def test_fields_that_people_correct_are_found_and_those_that_they_spoil_are_refused(tmp_path: Path) -> None:
    home = new_home(tmp_path / "shop", TOML)
    measured = [hard_receipt(number, "test") for number in range(MEASURED)]
    others = [hard_receipt(number) for number in range(MEASURED, MEASURED + CORRECTED)]
    write_folder(measured, tmp_path / "known")
    recto(home, "add", tmp_path / "known", "--no-read")
    with served(home) as client:
        before = f1(client, measured, "not trained")
        ids = [upload(client, receipt) for receipt in others]
        assert due(home, SCOPE) == []
        for document, receipt in zip(ids, others, strict=True):
            correct(client, document, labels(receipt))
        (reason,) = due(home, SCOPE)
        assert reason.startswith("first_run: no run yet") and "with trusted fields" in reason
        said = recto(home, "loop", "--once")
        assert reason in said, said
        (cycle,) = read_history(open_workspace(home)).cycles
        assert (cycle.scope, cycle.state, cycle.release) == (SCOPE, "released", 1), said
        assert cycle.reasons == [reason] and due(home, SCOPE) == []
        assert cycle.before and cycle.after and cycle.after.score > cycle.before.score
        after = f1(client, measured, "Release 1")
        log.warning("F1 of the test receipts: %.3f → %.3f", before, after)
        assert after >= before + 0.25
        seen = client.get(f"/v1/documents/{ids[0]}/releases").json()["releases"]
        assert [(one["release"], one["scope"]) for one in seen] == [("1", SCOPE)]
        for document, receipt in zip(ids, others, strict=True):
            correct(client, document, {"total": points_of(int(Path(receipt.image).stem))})
        (reason,) = due(home, SCOPE)
        assert reason.startswith(f"new_documents: {CORRECTED} documents with new fields since")
        said = recto(home, "loop", "--once")
        _, poisoned = read_history(open_workspace(home)).cycles
        assert (poisoned.state, poisoned.release) == ("refused", None), said
        assert not next(verdict.passed for verdict in poisoned.verdicts if verdict.gate == "better")
        assert f1(client, measured, "Release 1") == after, "the old Release goes on"
