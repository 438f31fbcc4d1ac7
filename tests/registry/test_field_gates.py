"""Gates of taggers: every rule on a report that is good but for one figure."""

import pytest

from recto.evaluation.fields.figures import differences, measured
from recto.evaluation.fields.outcomes import Outcome, Said
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import DatasetInfo
from recto.registry.field_gates import judge_fields
from recto.settings import GateSettings

SETTINGS = GateSettings()


def outcomes(right: dict[str, int], sure: float = 0.9) -> list[Outcome]:
    """Thirty documents; of each field the first so many are right."""
    out = []
    for number in range(30):
        for name, count in right.items():
            said = Said("x", sure, right=number < count, exact=False)
            out.append(Outcome(f"{number}.jpg", f"group {number}", name, ("x",), (said,)))
    return out


def report(new: list[Outcome], old: list[Outcome], seconds: float = 0.02) -> FieldReport:
    return FieldReport(
        recto_version="0", created_at="", engine="e", schema_name="receipt", schema_digest="d",
        dataset=DatasetInfo(root="", split="test", fingerprint=""), documents=30, groups=30, failed={},
        candidate=measured("new", new, seconds), baseline=measured("old", old, 0.02),
        differences=differences(new, old),
    )  # fmt: skip


OLD = outcomes({"total": 15, "date": 20})
NEW = outcomes({"total": 27, "date": 28})
TORN = {f"{number}.jpg": "torn" for number in range(11)}


def refused(made: FieldReport, settings: GateSettings = SETTINGS) -> list[str]:
    return [verdict.gate for verdict in judge_fields(made, settings) if not verdict.passed]


@pytest.mark.parametrize(
    ("made", "gates"),
    [
        (report(NEW, OLD), []),
        (report(NEW, OLD).model_copy(update={"failed": TORN}), ["enough_documents"]),
        (report(OLD, OLD), ["better"]),
        (report(outcomes({"total": 29, "date": 17}), OLD), ["fields"]),
        (report(outcomes({"total": 27, "date": 28}, sure=0.4), OLD), ["trust"]),
        (report(NEW, OLD, seconds=0.06), ["speed"]),
        (report(NEW, OLD).model_copy(update={"baseline": None}), ["better"]),
    ],
)  # fmt: skip
def test_each_gate_alone_refuses(made: FieldReport, gates: list[str]) -> None:
    assert refused(made) == gates


def test_one_value_of_a_field_with_few_labels_may_be_lost() -> None:
    new, old = outcomes({"total": 27, "date": 19}), outcomes({"total": 15, "date": 20})
    assert refused(report(new, old)) == []
