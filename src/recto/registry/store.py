"""The store of Releases: adding one, finding them, and checking one before it is used.

A Release becomes visible by its row, and its folder is whole on the disk before that. Which one is current
is in `promotion`; nothing is measured, judged or trained here.
"""

from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic import JsonValue, ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from recto.datasets.example import Example
from recto.engines.model_folder import ModelFolder, open_model
from recto.errors import RegistryError
from recto.evaluation.fields.report import FieldReport
from recto.evaluation.report import Report, report_from_json
from recto.extraction.asked_folder import ENGINE as TEXT
from recto.extraction.tagger_folder import label_of
from recto.registry import folder
from recto.registry.fields_scope import FIND_FIELDS, check_kind, is_of_fields
from recto.registry.release import (
    MODEL,
    RECIPE,
    REPORT,
    Origin,
    Release,
    ReleaseCard,
    figures_of,
    release_of,
)
from recto.workspace.folder import Workspace
from recto.workspace.locks import held
from recto.workspace.tables import GENERAL, CurrentRow, ReleaseRow

LOCK = "releases.lock"
"""Held, in the workspace, by whoever adds a Release; others wait for `WAIT_S` seconds."""
WAIT_S = 60


def add_release(
    workspace: Workspace,
    scope: str,
    model: Path,
    report: Report | FieldReport,
    origin: Origin,
    examples: Sequence[Example] = (),
) -> Release:
    """Store the model folder `model` with the Report that measured it; it isn't current by that.

    `examples` (those that were measured) give report.html its pages. Whatever happens on the way, all of
    the Release is there, or nothing of it. One process adds at a time. Raises ModelFolderError, OutputError,
    RegistryError, WorkspaceBusy.
    """
    opened = open_model(model, engine=None)
    _check_measured(opened, report)
    check_kind(0, opened.card.engine, scope)
    releases = workspace.releases
    with held(workspace.path / LOCK, what="adding a Release", wait_s=WAIT_S):
        number = _next_number(workspace)
        card, content = folder.build(releases, (number, scope), opened, report, origin, examples)
        folder.move_in(releases, number)
        with workspace.transaction() as session:
            row = _row(card, content, report)
            session.add(row)
        folder.ended(releases)
    return release_of(row)


def releases(workspace: Workspace, scope: str | None = None) -> tuple[Release, ...]:
    """All Releases, of one scope if it is named, oldest first."""
    query = select(ReleaseRow).order_by(ReleaseRow.number)
    if scope is not None:
        query = query.where(ReleaseRow.scope == scope)
    with workspace.read() as session:
        return tuple(release_of(row) for row in session.scalars(query))


def release(workspace: Workspace, number: int) -> Release:
    """One Release. Raises RegistryError where there is none of this number."""
    with workspace.read() as session:
        return release_of(row_of(session, number))


def row_of(session: Session, number: int) -> ReleaseRow:
    """The row of one Release. Raises RegistryError where there is none of this number."""
    row = session.get(ReleaseRow, number)
    if row is None:
        last = session.scalar(select(func.max(ReleaseRow.number)))
        hint = f"the newest is {last}: recto releases" if last else "there are none yet: recto improve"
        raise RegistryError(f"there is no Release {number}", hint=hint)
    return row


def current(workspace: Workspace, scope: str, *, exact: bool = False) -> Release | None:
    """The Release that serves `scope`: its own, else the general one (not with `exact`), else None.

    For a scope of taggers the general one, which reads pages, is none.
    """
    with workspace.read() as session:
        for name in (scope,) if exact or is_of_fields(scope) else (scope, GENERAL):
            row = session.get(CurrentRow, name)
            if row is not None:
                return release_of(row_of(session, row.number))
    return None


def currents(workspace: Workspace) -> dict[str, int]:
    """Scope → number of its current Release, for those that have one; taggers' scopes aren't among them."""
    everything = all_currents(workspace).items()
    return {scope: number for scope, number in everything if not is_of_fields(scope)}


def all_currents(workspace: Workspace) -> dict[str, int]:
    """As `currents`, with those of taggers."""
    with workspace.read() as session:
        rows = session.scalars(select(CurrentRow).order_by(CurrentRow.scope))
        return {row.scope: row.number for row in rows}


def strangers(workspace: Workspace) -> tuple[Path, ...]:
    """What stands in `releases/` and isn't in the database: somebody's, so it is told and left alone."""
    known = {release.folder_name for release in releases(workspace)}
    return folder.strangers(workspace.releases, known)


def release_folder(workspace: Workspace, chosen: Release) -> Path:
    """Where its files are, unchecked."""
    return workspace.releases / chosen.folder_name


def model_path(workspace: Workspace, chosen: Release) -> Path:
    """Its model folder, checked just now: it is what was measured. Raises RegistryError."""
    verify(workspace, chosen)
    return release_folder(workspace, chosen) / MODEL


def verify(workspace: Workspace, chosen: Release) -> ReleaseCard:
    """Read every file of the Release and give its card. Raises RegistryError for what isn't as it was."""
    return folder.verified(release_folder(workspace, chosen), chosen)


def problem(workspace: Workspace, chosen: Release) -> str | None:
    """What is wrong with its files at a glance: missing, or of another size. None: nothing that shows."""
    try:
        folder.glanced(release_folder(workspace, chosen), chosen)
    except RegistryError as error:
        return error.what
    return None


def report_of(workspace: Workspace, chosen: Release) -> Report:
    """The Report that came with it, checked. Raises RegistryError, also for one of another shape.

    Also for one that finds fields: what it found is in a FieldReport.
    """
    if chosen.engine in FIND_FIELDS:
        hint = f"recto releases show {chosen.number} has its figures"
        raise RegistryError(f"Release {chosen.number} finds fields: no reading was measured", hint=hint)
    verify(workspace, chosen)
    path = release_folder(workspace, chosen) / REPORT
    try:
        return report_from_json(path.read_text("utf-8"))
    except ValidationError as error:
        what = f"Release {chosen.number}: {REPORT} has another shape"
        raise RegistryError(what, where=path, hint="another version of recto made it") from error


def recipe_of(workspace: Workspace, chosen: Release) -> dict[str, JsonValue]:
    """Its recipe, checked. Raises RegistryError."""
    verify(workspace, chosen)
    recipe: dict[str, JsonValue] = yaml.safe_load(
        (release_folder(workspace, chosen) / RECIPE).read_text("utf-8")
    )
    return recipe


def _next_number(workspace: Workspace) -> int:
    """The number to add now, after what a killed add left is swept away.

    Folders that the database doesn't know keep theirs: they are found only now, when all work is done.
    """
    left = folder.pending(workspace.releases)
    with workspace.read() as session:
        last = session.scalar(select(func.max(ReleaseRow.number))) or 0
        unnamed = left is not None and session.get(ReleaseRow, left) is None
    folder.sweep(workspace.releases, orphan=left if unnamed else None)
    return folder.free_number(workspace.releases, last + 1)


def _check_measured(model: ModelFolder, report: Report | FieldReport) -> None:
    """A Report of other weights of the same base says nothing about this model."""
    if isinstance(report, FieldReport):
        label = model.label if model.card.engine == TEXT else label_of(model)
        if label not in report.candidate.extractor:
            raise RegistryError(
                f"the Report is of {report.candidate.extractor!r}, the model is {label!r}",
                where=model.path,
                hint="measure the model folder that is to be released",
            )
        return
    if model.card.base.name in report.engine and model.label not in report.engine:
        raise RegistryError(
            f"the Report is of {report.engine!r}, the model is {model.label!r}",
            where=model.path,
            hint="measure the model folder that is to be released",
        )


def _row(card: ReleaseCard, content: str, report: Report | FieldReport) -> ReleaseRow:
    facts = card.model_dump(include=set(ReleaseRow.__table__.columns.keys()))
    if isinstance(report, FieldReport):
        metrics = figures_of(report)
    else:
        metrics = {"headline": report.headline, **report.metrics.model_dump()}
    return ReleaseRow(**facts, content_sha256=content, metrics=metrics)
