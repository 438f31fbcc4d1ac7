"""Gates of what finds fields: pure rules that say whether a candidate may become current, and why.

What is judged is the FieldReport that holds the candidate against what is in use, on the same frozen test
documents. The numbers are settings (`[gates]`), the rules stand in docs/releases.md.
"""

from collections.abc import Callable

from recto.evaluation.fields.report import FieldReport, Measurement
from recto.registry.gates import Answer, Verdict
from recto.settings import GateSettings

TRUST_MARGIN = 0.05
"""Calibration errors of few documents differ by chance alone; beyond this confidences have become worse."""
QUICK_S = 0.05
"""A document within 50 ms is quick enough for a tagger, whatever the one before took."""

_Sides = tuple[FieldReport, Measurement, Measurement]
"""The report, the candidate in it, and what is in use."""


def judge_fields(
    report: FieldReport, settings: GateSettings, *, quick_s: float = QUICK_S
) -> tuple[Verdict, ...]:
    """The Verdict of every gate, in the order of FIELD_GATES and `speed`; the candidate passes where all do.

    Within `quick_s` a document is quick enough.

    A report without a baseline says nothing of what is better, and passes nothing.
    """
    if report.baseline is None:
        return (Verdict("better", passed=False, reason="it was measured with nothing beside it"),)
    sides = (report, report.candidate, report.baseline)
    judged = tuple(Verdict(name, *gate(sides, settings)) for name, gate in FIELD_GATES.items())
    return (*judged, Verdict("speed", *quickness(sides, settings, quick_s)))


def enough_documents(sides: _Sides, settings: GateSettings) -> Answer:
    """So many test documents that label fields were really read."""
    report = sides[0]
    read, wanted = report.documents - len(report.failed), settings.min_test_documents
    return _enough(read, wanted)


def foresee_fields(documents: int, settings: GateSettings) -> Verdict | None:
    """What `enough_documents` is sure to say if it refuses even where all test documents can be read."""
    passed, words = _enough(documents, settings.min_test_documents)
    return None if passed else Verdict("enough_documents", passed=False, reason=words)


def _enough(read: int, wanted: int) -> Answer:
    return read >= wanted, f"{read} test documents with fields, {wanted} wanted"


def better(sides: _Sides, settings: GateSettings) -> Answer:
    """The mean F1 of the fields rose, and the whole paired 95 % interval lies above zero."""
    change = sides[0].differences["mean_f1"]
    words = (
        f"mean F1 {change.baseline:.3f} → {change.candidate:.3f}, {_points(change.difference)} "
        f"(95 % interval {_points(change.low)} … {_points(change.high)})"
    )
    told = {"better": "better with confidence", "worse": "worse"}.get(
        change.verdict, "not better with confidence"
    )
    return change.verdict == "better", f"{told}: {words}"


def fields(sides: _Sides, settings: GateSettings) -> Answer:
    """No field's F1 fell beyond the margin, one value excepted: a field may have few labels."""
    report, now, before = sides
    worse = []
    for name, figures in now.fields.items():
        fall = before.fields[name].f1 - figures.f1
        allowed = max(settings.field_margin, 1 / max(figures.wanted, 1))
        if fall > allowed + 1e-12 or report.differences[name].verdict == "worse":
            worse.append(f"{name} {before.fields[name].f1:.3f} → {figures.f1:.3f}")
    margin = f"the margin of {100 * settings.field_margin:g} points"
    if worse:
        return False, f"worse beyond {margin}, or with confidence: {', '.join(worse)}"
    return True, f"no field is worse beyond {margin} (or one value), nor with confidence"


def trust(sides: _Sides, settings: GateSettings) -> Answer:
    """Confidences say as much as they did: the calibration error didn't rise beyond 5 points."""
    _, now, before = sides
    new, old = (side.all_fields.calibration_error for side in (now, before))
    words = f"calibration error {100 * old:.1f} % → {100 * new:.1f} %"
    return new - old <= TRUST_MARGIN, f"{words}; a rise of {100 * TRUST_MARGIN:g} points is allowed"


def quickness(sides: _Sides, settings: GateSettings, quick_s: float) -> Answer:
    """A document takes at most `quick_s`, or not more than the share allowed above what it took."""
    _, now, before = sides
    new, old = now.seconds_per_document, before.seconds_per_document
    passed = new <= max(quick_s, old * (1 + settings.max_slowdown))
    words = f"{1000 * new:.0f} ms per document, {1000 * old:.0f} ms before"
    return passed, f"{words}; {1000 * quick_s:g} ms are always allowed"


FIELD_GATES: dict[str, Callable[[_Sides, GateSettings], Answer]] = {
    "enough_documents": enough_documents,
    "better": better,
    "fields": fields,
    "trust": trust,
}
"""Every gate but `speed` by name, in the order in which they are told."""


def _points(share: float) -> str:
    return f"{100 * share:+.1f}".replace("-", "−")
