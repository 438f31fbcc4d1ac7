"""Standing: what each Release is to the workspace: current for which scopes, or never, and is it still there?

Of its files only what shows at a glance is told (`store.problem`). Nothing is changed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from recto.registry.release import Release
from recto.registry.store import all_currents, problem, releases
from recto.workspace.folder import Workspace
from recto.workspace.tables import CycleRow, PromotionRow


@dataclass(frozen=True, slots=True)
class Standing:
    """One Release: the scopes that it is `current_for`, and what else there is to say of it.

    `never` says how it came that it was never current (None: it was), `problem` what its folder lacks.
    """

    release: Release
    current_for: tuple[str, ...]
    never: str | None
    problem: str | None


def standings(workspace: Workspace, scope: str | None = None) -> tuple[Standing, ...]:
    """How all Releases stand, or those made for one scope, oldest first."""
    return _standings(workspace, releases(workspace, scope))


def standing_of(workspace: Workspace, release: Release) -> Standing:
    """How one Release stands."""
    return _standings(workspace, [release])[0]


def _standings(workspace: Workspace, chosen: Sequence[Release]) -> tuple[Standing, ...]:
    marks = all_currents(workspace)
    with workspace.read() as session:
        promoted = set(session.scalars(select(PromotionRow.number).distinct()))
        never = {r.number: _why(session, r) for r in chosen if r.number not in promoted}
    return tuple(
        Standing(
            release=release,
            current_for=tuple(scope for scope, number in marks.items() if number == release.number),
            never=never.get(release.number),
            problem=problem(workspace, release),
        )
        for release in chosen
    )


def _why(session: Session, release: Release) -> str:
    """A Cycle stores its candidate before it makes it current: a kill or a promotion can come between."""
    cycle = session.get(CycleRow, release.cycle_id) if release.cycle_id is not None else None
    if cycle is None:
        return "nobody promoted it"
    return f"cycle {cycle.id}, which made it, {_ended(cycle)}"


def _ended(cycle: CycleRow) -> str:
    if cycle.state == "running":
        return "hasn't ended"
    return f"was {cycle.state} ({cycle.outcome})" if cycle.outcome else f"was {cycle.state}"
