"""A small workspace with real receipts, hard to read for the base model; and records of Cycles, made up."""

import io
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from recto.datasets.corpus import add_examples, shares_of
from recto.datasets.example import Example, Split
from recto.documents.transcript import Line
from recto.retraining.record import CycleRecord, Measurement
from recto.workspace.folder import Workspace, create_workspace, open_workspace

from ..hard_pages import BLUR_PX, hard_page

RECIPE = "epochs: 3\nreplay_lines: 60\nrivals: 30\nbatch_lines: 16\n"
LENIENT = {
    "min_test_documents": "5",
    "canary_margin": "0.5",  # a few lines of training forget more than a real run may
    "category_margin": "0.5",
    "max_slowdown": "50.0",  # the machine of the tests has other things to do
}


def make_shop(
    root: Path,
    counts: Mapping[Split, int],
    *,
    lines: int = 8,
    label: Callable[[str], str] = str,
    gates: Mapping[str, str] = LENIENT,
    triggers: Mapping[str, str] = {},
) -> Workspace:
    """A workspace with so many trusted receipts per split; `label` changes the texts of train and val."""
    create_workspace(root)
    (root / "recipe.yaml").write_text(RECIPE)
    tables = {"gates": gates, "triggers": triggers, "training": {"recipe": '"recipe.yaml"'}}
    (root / "recto.toml").write_text(
        "".join(
            f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in table.items())
            for name, table in tables.items()
        )
    )
    workspace = open_workspace(root)
    add_receipts(workspace, counts, lines=lines, label=label)
    return workspace


def add_receipts(
    workspace: Workspace,
    counts: Mapping[Split, int],
    *,
    lines: int = 8,
    label: Callable[[str], str] = str,
    seed: int = 0,
    business: str | None = None,
) -> None:
    """Add so many receipts per split, others for each seed."""
    examples = [
        receipt(
            random.Random(f"{seed} {split} {number}"),
            f"{split}/receipt_{seed}_{number}.png",
            split,
            lines,
            label,
        )
        for split, count in counts.items()
        for number in range(count)
    ]
    if business:
        examples = [replace(example, business=business) for example in examples]
    added = add_examples(workspace, examples, shares=shares_of(workspace.settings.split))
    assert not added.refused and len(added.trusted) + len(added.updated) == len(examples)


def receipt(
    rng: random.Random,
    name: str,
    split: Split,
    count: int,
    label: Callable[[str], str] = str,
    blur_px: float = BLUR_PX,
) -> Example:
    """One hard page with its lines and boxes; what test says is true, whatever `label` does."""
    page, found = hard_page(rng, count, blur_px)
    lines = [Line(line.text if split == "test" else label(line.text), line.box) for line in found]
    stream = io.BytesIO()
    page.save(stream, "PNG")
    return Example(
        image=name,
        source=stream.getvalue(),
        text="\n".join(line.text for line in lines),
        category="receipt",
        split=split,
        lines=tuple(lines),
    )


START = datetime(2026, 1, 3, 9, 30, tzinfo=UTC)


def measured(cer: float | None, release: int | None = None) -> Measurement | None:
    if cer is None:
        return None
    figures = {"cer": cer, "cer_casefold": cer, "documents": 30}
    return Measurement(
        engine="ppocr",
        release=release,
        headline="cer",
        metrics=figures,
        by_category={"receipt": cer},
        canary_cer=0.007,
    )


def made_record(
    cycle: int,
    *,
    scope: str = "general",
    state: str = "refused",
    before: float | None = 0.036,
    after: float | None = 0.03,
    release: int | None = None,
) -> CycleRecord:
    started = START + timedelta(days=9 * cycle)
    return CycleRecord.model_validate(
        {
            "cycle": cycle,
            "scope": scope,
            "state": state,
            "started_at": started,
            "ended_at": started + timedelta(minutes=4),
            "reasons": ["asked by hand"],
            "data_fingerprint": "f00",
            "documents": {"splits": {"train": 40, "val": 5, "test": 30}},
            "recipe": {"epochs": 4},
            "run_folder": f"runs/{cycle:04d}",
            "before": measured(before),
            "after": measured(after),
            "verdicts": [{"gate": "better", "passed": state == "released", "reason": "CER 3.60 % → 3.00 %"}],
            "release": release,
            "seconds": 240.5,
            "peak_memory_mb": 2100.0,
            "cost": 0.05,
            "outcome": "said so",
        }
    )


@pytest.fixture
def record() -> Callable[..., CycleRecord]:
    """A function (cycle, scope, state, before, after, release) → CycleRecord."""
    return made_record


@pytest.fixture(scope="session")
def shop() -> Callable[..., Workspace]:
    """A function (folder, counts per split, …) → an open workspace with trusted receipts."""
    return make_shop


@pytest.fixture(scope="session")
def receipts() -> Callable[..., None]:
    """A function (workspace, counts per split, …) that adds more receipts."""
    return add_receipts


@pytest.fixture(scope="session")
def one_receipt() -> Callable[..., Example]:
    """A function (random, name, split, lines, label, blur_px) → one receipt as an Example."""
    return receipt


def noise_page(seed: int, text: str | None, **facts: object) -> Example:
    """A small page that looks like no other, with any text: nothing here reads it for real."""
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 60, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    page = Example(image=f"page_{seed}.png", source=stream.getvalue(), text=text, category="receipt")
    return replace(page, **facts)  # type: ignore[arg-type]


def add_pages(workspace: Workspace, *pages: Example) -> None:
    added = add_examples(workspace, pages, shares=shares_of(workspace.settings.split))
    assert not added.refused


@pytest.fixture(scope="session")
def page() -> Callable[..., Example]:
    """A function (seed, text, facts…) → a small page of noise as an Example."""
    return noise_page


@pytest.fixture(scope="session")
def add() -> Callable[..., None]:
    """A function (workspace, pages…) that adds them."""
    return add_pages


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A fresh workspace in which the scope `legal` has a loop of its own."""
    create_workspace(tmp_path / "shop")
    (tmp_path / "shop" / "recto.toml").write_text('[triggers]\nscopes = ["legal"]\n')
    return open_workspace(tmp_path / "shop")
