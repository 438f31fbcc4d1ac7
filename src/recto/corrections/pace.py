"""Pace: how much people corrected, day by day (UTC). Nothing of any content is told."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow
from recto.workspace.utc import now


@dataclass(frozen=True, slots=True)
class Day:
    """One day, and the corrections of pages and fields that were saved on it and aren't undone."""

    date: date
    corrections: int


def per_day(workspace: Workspace, days: int) -> tuple[Day, ...]:
    """The last `days` days, today included, oldest first."""
    today = now().date()
    first = today - timedelta(days=days - 1)
    undone = select(CorrectionRow.undoes).where(CorrectionRow.undoes.is_not(None))
    wanted = select(CorrectionRow.at).where(
        CorrectionRow.kind.in_(("transcript", "fields")),
        CorrectionRow.undoes.is_(None),
        CorrectionRow.id.not_in(undone),
        CorrectionRow.at >= now() - timedelta(days=days),
    )
    with workspace.read() as session:
        counted = Counter(at.date() for at in session.scalars(wanted))
    dates = [first + timedelta(days=i) for i in range(days)]
    return tuple(Day(one, counted[one]) for one in dates)
