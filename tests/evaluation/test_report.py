import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from recto.evaluation.compare import with_baseline
from recto.evaluation.report import Metrics, Report, report_from_json

from .conftest import PERFECT, WORSE

DOCS = Path(__file__).resolve().parents[2] / "docs" / "evaluation.md"


@pytest.fixture
def whole(bench):
    return with_baseline(bench.report(PERFECT), bench.report(WORSE))


def test_json_round_trips(whole):
    assert report_from_json(whole.to_json()) == whole


def test_one_path_for_every_group(whole):
    value = json.loads(whole.to_json())
    assert value["schema_version"] == 1
    for group in (value["baseline"], value["by_category"]["receipt"], value["by_business"]["shop"]):
        assert set(Metrics.model_fields) <= set(group)
        assert group["metrics"] == {key: group[key] for key in Metrics.model_fields}
    assert value["baseline"]["metrics"]["cer"] > value["metrics"]["cer"] == 0


def test_keys_are_those_of_the_docs():
    """docs/evaluation.md has one table row for each metric, in its words."""
    section = DOCS.read_text("utf-8").partition("## The metric object")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", section, re.MULTILINE))
    described = {name: field.description for name, field in Metrics.model_fields.items()}
    assert rows == described


def test_fields_of_the_file_are_those_of_the_docs():
    text = DOCS.read_text("utf-8").partition("## report.json")[2].partition("\n## ")[0]
    cells = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == set(Report.model_fields)


def test_another_shape_is_refused():
    with pytest.raises(ValidationError):
        report_from_json("{}")
