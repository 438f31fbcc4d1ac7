"""Unseen vendors: test documents of companies that training never saw, the fairest measure of all."""

from collections.abc import Iterable, Sequence

from recto.datasets.example import Example
from recto.documents.normalise import casefold
from recto.evaluation.report import Metrics, Report
from recto.evaluation.scoring import summarise


def company(example: Example) -> str | None:
    """The normalised `fields.company` (or `vendor`, `seller`), None where there is none."""
    fields = example.fields or {}
    for name in ("company", "vendor", "seller"):
        value = fields.get(name)
        if isinstance(value, str):
            letters = "".join(char for char in casefold(value) if char.isalnum())
            if letters:
                return letters
    return None


def unseen(test: Sequence[Example], taught: Iterable[Example]) -> frozenset[tuple[str, int]]:
    """Document and page of the test Examples whose company is known and stands in none of `taught`."""
    known = {company(example) for example in taught}
    return frozenset(
        (e.image, e.page or 1) for e in test if company(e) is not None and company(e) not in known
    )


def metrics_of(report: Report, chosen: frozenset[tuple[str, int]]) -> Metrics | None:
    """The figures of the chosen documents alone; None where there are none."""
    results = [result for result in report.documents if (result.document, result.page) in chosen]
    return summarise(results, None) if results else None
