"""docs/observability.md says every log field, span, attribute and metric in the words of the code."""

import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from recto.observability.logs import FIELDS
from recto.observability.spans import FACTS, SPANS
from recto.settings import ObservabilitySettings

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "observability.md").read_text("utf-8")


def table(head: str) -> list[list[str]]:
    """The rows below the head of a table, as cells."""
    rows = PAGE.partition(f"{head}\n")[2].partition("\n\n")[0].splitlines()[1:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def told(head: str) -> dict[str, str]:
    return {name.strip("`"): meaning for name, meaning in table(head)}


def test_log_fields() -> None:
    assert told("| field | what it holds |") == dict(FIELDS)


def test_spans_and_their_attributes() -> None:
    assert told("| span | what it covers |") == dict(SPANS)
    assert told("| attribute | what it holds |") == {f"recto.{name}": what for name, what in FACTS.items()}


def test_metrics(scrape: str) -> None:
    real = []
    for family in text_string_to_metric_families(scrape):
        if family.name.startswith("recto_"):
            name = f"`{family.name}{'_total' * (family.type == 'counter')}`"
            labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
            real.append([name, family.type, ", ".join(labels), family.documentation])
    assert sorted(table("| metric | type | labels | what it says |")) == sorted(real)


def test_settings() -> None:
    named = re.findall(
        r"`(\w+)`", " ".join(row[0] for row in table("| setting in `[observability]` | what it does |"))
    )
    assert named == list(ObservabilitySettings.model_fields)
