"""Conclusion: a judged candidate becomes a Release or not, and its Cycle ends, in one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from recto.datasets.example import Dataset, Example
from recto.datasets.fingerprint import fingerprint
from recto.engines.model_folder import open_model
from recto.errors import RegistryError
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import Report
from recto.observability.spans import span
from recto.registry.gates import Verdict
from recto.registry.promotion import promote_in
from recto.registry.release import MODEL, Origin, Release
from recto.registry.store import add_release, releases, verify
from recto.retraining import ledger
from recto.retraining.ledger import Ending
from recto.training.identity import read_identity
from recto.training.recipe import Recipe
from recto.training.run import IDENTITY
from recto.workspace.folder import Workspace


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a Cycle trained (the model folder, with its Report), and what it comes from.

    `pages` are those of the measured documents that its report shows.
    """

    cycle: int
    scope: str
    model: Path
    report: Report | FieldReport
    dataset: Dataset
    recipe: Recipe
    verdicts: tuple[Verdict, ...]
    pages: Sequence[Example] = ()


def conclude(workspace: Workspace, candidate: Candidate, ending: Ending, compared: int | None) -> Ending:
    """Keep the end; one that says "released" makes the candidate current, if `compared` still is.

    `compared` is the number of the Release that the candidate was measured against.
    """
    stored = None
    if ending.state == "released":
        stored = _stored(workspace, candidate) or _add(workspace, candidate)
        verify(workspace, stored)
    with workspace.transaction() as session:
        if stored is not None:
            in_use = ledger.number_in_use(session, candidate.scope)
            if in_use == compared:
                with span("promote", scope=candidate.scope, release=stored.number):
                    promote_in(session, stored.number, scope=candidate.scope, reason=ending.outcome)
                ending = replace(ending, release=stored.number)
            else:
                ending = ledger.overtaken(ending, in_use)
        ledger.end(session, candidate.cycle, ending)
    return ending


def _add(workspace: Workspace, candidate: Candidate) -> Release:
    origin = Origin(
        data_fingerprint=fingerprint(candidate.dataset),
        recipe=candidate.recipe.model_dump(mode="json"),
        code_version=read_identity(candidate.model.parent / IDENTITY).code,
        base_sha256=open_model(candidate.model, engine=None).card.base.sha256,
        cycle_id=candidate.cycle,
        verdicts=candidate.verdicts,
    )
    return add_release(workspace, candidate.scope, candidate.model, candidate.report, origin, candidate.pages)


def _stored(workspace: Workspace, candidate: Candidate) -> Release | None:
    """The Release that a killed Cycle stored from this very Run, but couldn't make current."""
    with workspace.read() as session:
        kin = ledger.cycles_of_same_run(session, candidate.cycle)
    stamps = open_model(candidate.model, engine=None).card.files
    for release in reversed(releases(workspace, candidate.scope)):
        if release.cycle_id not in kin:
            continue
        with suppress(RegistryError):  # a damaged one isn't current, and is as good as none
            files = verify(workspace, release).files
            if all(files.get(f"{MODEL}/{name}") == stamp for name, stamp in stamps.items()):
                return release
    return None
