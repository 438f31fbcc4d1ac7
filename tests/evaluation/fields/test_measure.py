"""Measure: real pages, the fake engine, the real tagger."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.errors import EvaluationError
from recto.evaluation.fields.measure import Measured, measure_fields, vendors
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import DatasetInfo
from recto.extraction.loading import load_schema, schema_from_json
from recto.extraction.tagger import Tagger

RECEIPT = load_schema("receipt")
INFO = DatasetInfo(root="here", split="test", fingerprint="")


def shop(name: str) -> str:
    return f"{name} Ltd\n1 High Street\nDate: 2019-03-01\nTotal: EUR 12.00\n"


@pytest.fixture
def examples(tmp_path: Path) -> list[Example]:
    found = []
    for place, name in enumerate(("Corner Shop", "Old Mill", "Green Grocer")):
        path = tmp_path / f"{place}.png"
        Image.new("RGB", (200, 100), (place, 0, 0)).save(path)
        labels = {"company": f"{name} Ltd", "total": "12.00", "date": "01/03/2019"}
        found.append(Example(path.name, path, None, "receipt", fields=labels, group=name))
    return found


def engine_of(examples: Sequence[Example]) -> FakeEngine:
    return FakeEngine({one.image: shop(str(one.group)) for one in examples})


def measure(examples: Sequence[Example], taught: Sequence[Example] = ()) -> FieldReport:
    what = Measured(examples, INFO, taught)
    return measure_fields(engine_of(examples), Tagger(RECEIPT), what, baseline=Tagger(RECEIPT))


def test_what_is_read_is_judged(examples: list[Example]) -> None:
    report = measure(examples)
    assert (report.documents, report.groups, report.failed) == (3, 3, {})
    assert set(report.candidate.fields) == {"vendor", "date", "total"}
    assert report.candidate.fields["date"].f1 == report.candidate.fields["total"].f1 == 1.0
    assert report.candidate.extractor == "tagger, not trained"
    assert report.candidate.unseen is None
    assert report.candidate.seconds_per_document > 0


def test_taggers_may_have_read_the_schema_apart(examples: list[Example]) -> None:
    again = schema_from_json(RECEIPT.json_schema, "receipt")
    what = Measured(examples, INFO)
    report = measure_fields(engine_of(examples), Tagger(RECEIPT), what, baseline=Tagger(again))
    assert report.baseline is not None
    assert report.baseline.mean_f1 == report.candidate.mean_f1 > 0


def test_a_required_field_without_a_label_isnt_judged(examples: list[Example]) -> None:
    labels = {name: value for name, value in (examples[0].fields or {}).items() if name != "total"}
    report = measure([replace(examples[0], fields=labels), *examples[1:]])
    assert report.candidate.fields["total"].said == report.candidate.fields["total"].wanted == 2


def test_both_are_measured_on_the_same_readings(examples: list[Example]) -> None:
    report = measure(examples)
    assert report.baseline is not None
    assert report.baseline.results == report.candidate.results
    assert report.differences["mean_f1"].difference == 0.0


def test_a_report_is_read_back_whole(examples: list[Example]) -> None:
    report = measure(examples)
    assert FieldReport.model_validate_json(report.to_json()) == report


def test_vendors_that_training_names_arent_new(examples: list[Example]) -> None:
    report = measure(examples, taught=examples[:1])
    assert report.candidate.unseen is not None
    assert report.candidate.unseen.documents == 2
    assert vendors(RECEIPT, examples[:1]) == {"cornershopltd"}


def test_a_broken_page_stays_in_the_figures(examples: list[Example], tmp_path: Path) -> None:
    (tmp_path / "1.png").write_bytes(b"torn")
    report = measure(examples)
    assert list(report.failed) == ["1.png"]
    assert report.documents == 3
    assert report.candidate.fields["total"].recall == pytest.approx(2 / 3)
    assert report.candidate.fields["total"].precision == 1.0


def test_nothing_to_measure(examples: list[Example]) -> None:
    with pytest.raises(EvaluationError, match="nothing to measure"):
        measure_fields(engine_of(examples), Tagger(load_schema("contract")), Measured(examples, INFO))


def test_schemas_must_be_the_same(examples: list[Example]) -> None:
    other = Tagger(load_schema("contract"))
    with pytest.raises(EvaluationError, match="different schemas"):
        measure_fields(engine_of(examples), Tagger(RECEIPT), Measured(examples, INFO), baseline=other)


def test_progress_is_told(examples: list[Example]) -> None:
    told: list[tuple[int, int]] = []
    what = Measured(examples, INFO)
    measure_fields(
        engine_of(examples), Tagger(RECEIPT), what, progress=lambda done, of: told.append((done, of))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
