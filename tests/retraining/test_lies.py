"""Gates that can't be fooled: what teaches well is released, and by the same gates what teaches lies isn't.

Both Cycles are for real, each in a fresh workspace, from page text alone, with the gates as they are by
default. They differ in nothing but the texts to learn from.
"""

import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example, Split
from recto.registry.store import current
from recto.retraining.cycle import CycleResult, run_cycle
from recto.settings import GateSettings
from recto.training.ctc.lesson import CtcLesson
from recto.workspace.folder import Workspace

pytestmark = pytest.mark.slow

SHORT = bool(os.environ.get("RECTO_SHORT_PROOFS"))
TESTS = 10 if SHORT else GateSettings().min_test_documents
COUNTS: dict[Split, int] = {"train": 10 if SHORT else 16, "val": 3, "test": TESTS}
EXCHANGED = str.maketrans("eaEA38", "aeAE83")
BLUR_PX = 1.15
"""The base model reads these pages with a CER of about 8 %: texts with one character in six exchanged
still find their lines, so that what they say is learnt."""

Shop = Callable[..., Workspace]
Receipt = Callable[..., Example]


def lie(text: str) -> str:
    """The text with some letters and digits exchanged for each other, everywhere alike."""
    return text.translate(EXCHANGED)


def cycle(workspace: Workspace, one_receipt: Receipt, label: Callable[[str], str]) -> CycleResult:
    """One Cycle on pages without lines, whose texts for training and validation are changed by `label`."""
    (workspace.path / "recipe.yaml").write_text("epochs: 4\n")
    pages = [
        replace(
            one_receipt(random.Random(f"{split} {n}"), f"{split}/receipt_{n}.png", split, 8, label, BLUR_PX),
            lines=None,
        )
        for split, count in COUNTS.items()
        for n in range(count)
    ]
    added = add_examples(workspace, pages, shares=shares_of(workspace.settings.split))
    assert not added.refused
    return run_cycle(workspace, "general", ["asked by hand"])


@pytest.mark.parametrize(("label", "is_good"), [(str, True), (lie, False)], ids=["truth", "lies"])
def test_only_the_truth_is_released(
    shop: Shop, one_receipt: Receipt, tmp_path: Path, label: Callable[[str], str], is_good: bool
) -> None:
    workspace = shop(tmp_path / "shop", {}, gates={"min_test_documents": str(TESTS)})
    done = cycle(workspace, one_receipt, label)
    assert done.improvement is not None
    lesson = done.improvement.lesson
    assert isinstance(lesson, CtcLesson)
    assert lesson.improved and lesson.train_lines > 4 * COUNTS["train"], "it did learn what it was told"
    assert (done.release is not None) == is_good, done.outcome
    assert (current(workspace, "general") is not None) == is_good
    failed = {verdict.gate for verdict in done.verdicts if not verdict.passed}
    assert failed == set() if is_good else "better" in failed
