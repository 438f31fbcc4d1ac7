"""The whole circle, with real processes: people correct, a Cycle learns, and the service reads better.

`recto serve` runs all the time; what a person does goes through the API that the review pages use, signed in
as he is there. `--log-cli-level=WARNING` shows the figures. The short form (RECTO_SHORT_PROOFS) has fewer
documents and fewer general lines.

What is measured are receipts whose lines are found (CER below LOST). A Cycle teaches how lines are read, not
where they are: needle print so weak that single dots are found in place of lines stays unread.
"""

import logging
import os
import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import httpx
import pytest

from recto.datasets.example import Example
from recto.datasets.synthesis import Kind, Wish, synthesise
from recto.datasets.synthesis.folder import write_folder
from recto.documents.transcript import Line
from recto.evaluation.metrics.edits import cer
from recto.evaluation.metrics.ratio import Ratio, total
from recto.retraining.history import read_history
from recto.workspace.folder import open_workspace

from .circle import LIMIT_S, due, new_home, recto, served, source, upload

SHORT = bool(os.environ.get("RECTO_SHORT_PROOFS"))
TEST_VENDORS, VENDORS = 10, 24
"""Those of the test receipts are none of the others'."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Plan:
    """So many documents, and what stands in recto.toml beside its defaults."""

    corrected: int = 40
    left: int = 20
    settings: str = ""
    recipe: str = ""


TOML = """
[triggers]
new_documents = {corrected}
first_run_documents = {first}

[gates]
min_test_documents = 20
max_slowdown = 50.0 # how busy the machine is while it is tested says nothing of a model
{settings}
[serving]
request_timeout_s = {limit}
"""
QUICK = Plan(
    corrected=24,
    left=10,
    settings='canary_margin = 0.01 # fewer lines against forgetting\n[training]\nrecipe = "recipe.yaml"',
    recipe="replay_lines: 300\n",
)
PLAN = QUICK if SHORT else Plan()
MEASURED, GAIN, LOST = 20, 0.25, 0.3


def receipts() -> tuple[list[Example], list[Example]]:
    """Receipts that are hard to read, of vendors for the test and of others."""
    made = list(synthesise(VENDORS * 5, 6, Wish(kinds=(Kind.RECEIPT,), hard=True)))
    test = [replace(one, image=f"test/{Path(one.image).name}", split="test", fields={}) for one in made]
    return (
        [receipt for number, receipt in enumerate(test) if number % VENDORS < TEST_VENDORS],
        [receipt for number, receipt in enumerate(made) if number % VENDORS >= TEST_VENDORS],
    )


def correct(client: httpx.Client, document: str, lines: Sequence[Line]) -> None:
    """Save the page as these lines."""
    page = client.get(f"/v1/documents/{document}").json()["pages"][0]
    answer = client.patch(
        f"/v1/documents/{document}/transcript",
        json={"page": 1, "lines": [{"text": line.text, "box": line.box} for line in lines]},
        headers={"If-Match": f'"{page["version"]}"', "Idempotency-Key": f"{document[:20]} {page['version']}"},
    )
    assert answer.status_code == 200, answer.text


def nonsense(lines: Sequence[Line]) -> list[Line]:
    """The lines as somebody types who means no good: their letters in any order."""
    return [
        replace(line, text="".join(random.Random(line.text).sample(line.text, len(line.text))))
        for line in lines
    ]


def read(client: httpx.Client, receipt: Example) -> dict[str, str | None]:
    """What the service says of it: `text`, and which `release` read it."""
    answer = client.post("/v1/read", files={"file": source(receipt)}, data={"output": "text"})
    assert answer.status_code == 200, answer.text
    told: dict[str, str | None] = answer.json()
    return told


def wait_for(client: httpx.Client, release: str, receipt: Example) -> None:
    """Until the running service has taken up the Release; it looks every few seconds (`reload_every_s`)."""
    pause = threading.Event()
    for _ in range(10 * LIMIT_S):
        if read(client, receipt)["release"] == release:
            return
        pause.wait(0.1)
    raise AssertionError(f"the service doesn't take up Release {release}")


def reading(client: httpx.Client, receipt: Example, release: str | None) -> Ratio:
    """How many characters of it the service reads wrongly; that Release must be who reads."""
    answer = read(client, receipt)
    assert answer["release"] == release
    return cer(receipt.text or "", answer["text"] or "")


def error_rate(client: httpx.Client, some: Sequence[Example], release: str) -> float:
    """The CER (0 to 1) with which that Release reads these."""
    return total(reading(client, receipt, release) for receipt in some).value


def found(client: httpx.Client, some: Sequence[Example], wanted: int) -> tuple[list[Example], float]:
    """The first of them whose lines the base model finds, and the CER with which it reads these."""
    kept, counts = [], []
    for receipt in some:
        errors = reading(client, receipt, None)
        if errors.value < LOST:
            kept.append(receipt)
            counts.append(errors)
        if len(kept) == wanted:
            return kept, total(counts).value
    raise AssertionError(f"only {len(kept)} of {len(some)} receipts are found")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A workspace with a reviewer."""
    toml = TOML.format(**vars(PLAN), first=PLAN.corrected // 2, limit=LIMIT_S)
    home = new_home(tmp_path / "shop", toml)
    (home / "recipe.yaml").write_text(PLAN.recipe)
    return home


@pytest.mark.slow
def test_what_people_correct_is_read_better_and_what_they_spoil_is_refused(
    home: Path, tmp_path: Path
) -> None:
    for_test, others = receipts()
    with served(home) as client:
        measured, base = found(client, for_test, MEASURED)
        left, base_left = found(client, others[PLAN.corrected :], PLAN.left)
        corrected, before = others[: PLAN.corrected], [base, base_left]
        write_folder(measured, tmp_path / "known")
        recto(home, "add", tmp_path / "known")
        ids = [upload(client, receipt) for receipt in (*corrected, *left)]
        assert due(home, "general") == []
        for document, receipt in zip(ids, corrected, strict=False):
            correct(client, document, receipt.lines or ())
        (reason,) = due(home, "general")
        assert reason.startswith("first_run: no run yet")
        said = recto(home, "loop", "--once")
        assert reason in said, said
        (cycle,) = read_history(open_workspace(home)).cycles
        assert (cycle.state, cycle.release, cycle.reasons) == ("released", 1, [reason]), said
        wait_for(client, "1", measured[0])
        after = [error_rate(client, some, "1") for some in (measured, left)]
        log.warning(
            "%s: test receipts and uncorrected ones: %s → %s", cycle.documents["splits"], before, after
        )
        spoil(client, ids, [*corrected, *left])
        (reason,) = due(home, "general")
        assert reason.startswith(f"new_documents: {PLAN.corrected} new trusted documents")
        said = recto(home, "loop", "--once")
        _, poisoned = read_history(open_workspace(home)).cycles
        assert (poisoned.state, poisoned.release) == ("refused", None), said
        assert not next(verdict.passed for verdict in poisoned.verdicts if verdict.gate == "better")
        assert error_rate(client, measured, "1") == after[0], "the old Release goes on"
    for old, new in zip(before, after, strict=True):
        assert new <= (1 - GAIN) * old, (before, after)


def spoil(client: httpx.Client, ids: Sequence[str], receipts: Sequence[Example]) -> None:
    """As many corrections as before, all wrong: of what waits still, and then of what was right already."""
    latest_first = list(zip(ids, receipts, strict=True))[::-1]
    for document, receipt in islice(latest_first, PLAN.corrected):
        correct(client, document, nonsense(receipt.lines or ()))
