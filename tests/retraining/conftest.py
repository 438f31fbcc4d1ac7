"""Records of Cycles, made up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from recto.retraining.record import CycleRecord, Measurement

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
