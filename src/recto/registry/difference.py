"""Difference: what changed between two Releases: origin, recipe, figures, and each document they share.

The Reports that came with them are compared on the documents that both measured; nothing is read again.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from recto.evaluation.compare import Bootstrap, Pair, differences
from recto.evaluation.metrics.ratio import Ratio
from recto.evaluation.report import Difference, DocumentResult
from recto.evaluation.scoring import headline
from recto.registry.release import Release
from recto.registry.store import recipe_of, release, report_of
from recto.workspace.folder import Workspace
from recto.workspace.tables import CycleRow


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that isn't the same: "" where a Release doesn't have it."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Movement:
    """The error rate (0–1, at most 1) of one document under both; without case where its label has none."""

    document: str
    page: int
    category: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class ReleaseDifference:
    """Two Releases beside each other. `figures` are paired over the `shared` documents, by metric.

    `only_before` and `only_after` count documents that just one of them was measured on; `movements` are
    the documents whose error rate changed, the most improved first.
    """

    before: Release
    after: Release
    changes: tuple[Change, ...]
    headline: str
    figures: Mapping[str, Difference]
    shared: int
    only_before: int
    only_after: int
    movements: tuple[Movement, ...]


def diff(workspace: Workspace, a: int, b: int) -> ReleaseDifference:
    """What changed from Release `a` to Release `b`. Raises RegistryError."""
    before, after = release(workspace, a), release(workspace, b)
    old = {d.key: d for d in report_of(workspace, before).documents}
    new = {d.key: d for d in report_of(workspace, after).documents}
    pairs: list[Pair] = [(d, old[key]) for key, d in new.items() if key in old]
    bootstrap = Bootstrap(confidence=workspace.settings.gates.confidence)
    return ReleaseDifference(
        before=before,
        after=after,
        changes=_changes(_facts(workspace, before), _facts(workspace, after)),
        headline=headline([d for d, _ in pairs]),
        figures=differences(pairs, bootstrap) if pairs else {},
        shared=len(pairs),
        only_before=len(old) - len(pairs),
        only_after=len(new) - len(pairs),
        movements=_movements(pairs),
    )


def _facts(workspace: Workspace, chosen: Release) -> dict[str, str]:
    """What a Release comes from, flat: recipe settings and counts of its Cycle's documents included."""
    facts = {
        "scope": chosen.scope,
        "engine": chosen.engine,
        "base weights": chosen.base_sha256,
        "code": chosen.code_version,
        "data": chosen.data_fingerprint,
    }
    if chosen.cycle_id is not None:
        with workspace.read() as session:
            cycle = session.get(CycleRow, chosen.cycle_id)
        facts |= _flat("documents", cycle.documents if cycle else {})
    return facts | _flat("recipe", recipe_of(workspace, chosen))


def _flat(name: str, values: Mapping[str, object]) -> dict[str, str]:
    """Nested values with dotted names, as text."""
    flat: dict[str, str] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(f"{name}.{key}", value)
        else:
            flat[f"{name}.{key}"] = str(value)
    return flat


def _changes(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Change, ...]:
    names = dict.fromkeys((*old, *new))
    return tuple(
        Change(name, old.get(name, ""), new.get(name, "")) for name in names if old.get(name) != new.get(name)
    )


def _movements(pairs: list[Pair]) -> tuple[Movement, ...]:
    moved = [
        Movement(new.document, new.page, new.category, _rate(old), _rate(new))
        for new, old in pairs
        if _rate(old) != _rate(new)
    ]
    return tuple(sorted(moved, key=lambda m: (m.after - m.before, m.document, m.page)))


def _rate(document: DocumentResult) -> float:
    return Ratio(*document.scores[headline([document])]).capped
