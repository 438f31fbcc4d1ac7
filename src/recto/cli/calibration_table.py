"""How `recto corrections calibration` is printed: a few rows for each Release. Nothing is computed here."""

from collections.abc import Iterator, Sequence

from recto.corrections.calibration.choosing import Choice
from recto.corrections.calibration.report import Measured, ReaderReport


def calibration_rows(reports: Sequence[ReaderReport]) -> Iterator[str]:
    """The rows of the whole report."""
    if not reports:
        yield "nobody has corrected or accepted a reading yet: confidences stay as the engine says them"
    for one in reports:
        release = f"Release {one.reader.release}" if one.reader.release else "base weights"
        yield f"{one.reader.scope}: {one.reader.engine}, {release}"
        if one.measured is None:
            yield f"  too few corrections: {one.problem}"
            yield "  confidences stay as the engine says them"
        else:
            yield from _measured(one.measured)


def _measured(measured: Measured) -> Iterator[str]:
    drawn = "drawn at random" if measured.only_drawn else "of the queue and opened by hand"
    yield f"  {measured.documents} documents {drawn}; {measured.wrong} of {measured.lines} lines are wrong"
    if not measured.only_drawn:
        yield "  too few were drawn at random: the doubtful pages among them make it look worse than it is"
    before, after = measured.before, measured.after
    yield (
        f"  calibration error {before.calibration_error:.2%}, calibrated {after.calibration_error:.2%}; "
        f"AUROC {_area(before.auroc)}, calibrated {_area(after.auroc)}"
    )
    for choice in measured.choices:
        yield f"  {_chosen(choice)}"


def _chosen(choice: Choice) -> str:
    wanted = f"{choice.of}, {100 * choice.target:g} % right:"
    if choice.threshold is None:
        return f"{wanted} no confidence is high enough"
    accepted = f"{wanted} accept from {choice.threshold:.4f}; {choice.share:.1%} need no person"
    if not choice.share:
        return accepted
    return f"{accepted}, {choice.error:.2%} of them wrong (95 %: {choice.low:.2%} to {choice.high:.2%})"


def _area(area: float | None) -> str:
    return "–" if area is None else f"{area:.3f}"
