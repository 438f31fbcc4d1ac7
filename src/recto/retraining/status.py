"""Status: how each loop of a workspace stands, and its documented JSON (docs/loop.md); measures nothing."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from recto.datasets.corpus import counts
from recto.registry.fields_scope import is_of_fields
from recto.registry.store import current, problem
from recto.retraining.accuracy import known_accuracy
from recto.retraining.facts import gather, waiting
from recto.retraining.history import last_cycle
from recto.retraining.ledger import TRAIN_LOCK, open_requests
from recto.retraining.loops import loops_of
from recto.retraining.record import CycleRecord
from recto.retraining.triggers import Facts, Reason, ask_all, is_balanced
from recto.settings import TriggerSettings
from recto.workspace.folder import Workspace
from recto.workspace.locks import living_holder

SCHEMA_VERSION: Literal[1] = 1


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Share(_Frozen):
    """One category of the trusted documents: how many, their share, and the share wanted (0–1)."""

    category: str
    documents: int
    share: float
    wanted: float | None


class InUse(_Frozen):
    """The Release that reads for a scope. `scope` is "general" where the scope has none of its own.

    `error_rate` is that of a model that reads, `mean_f1` that of a tagger. `problem` says what of its files
    is missing or cut, at a glance; null where nothing is.
    """

    number: int
    scope: str
    created_at: datetime
    headline: str
    error_rate: float | None
    mean_f1: float | None = None
    problem: str | None = None


class ScopeStatus(_Frozen):
    """One loop. Counts are of pages; `new` became trusted since the last run, `aside` neither train nor test.

    `unread` of the `queued` weren't read yet; `failed` couldn't be. `accuracy` (0–1) is that of the model
    in use on `accuracy_documents` of the validation documents; on `accuracy_missing` it isn't measured yet.
    Of a tagger's loop (scope "fields:SCHEMA") `documents` and `new` count those with trusted fields of its
    schema; queue, mix, business types and accuracy are empty.
    """

    scope: str
    documents: dict[str, int]
    aside: int
    queued: int
    unread: int
    failed: int
    new: int
    mix: list[Share]
    balanced: bool
    business: dict[str, int]
    accuracy: float | None
    accuracy_documents: int
    accuracy_missing: int
    triggers: list[Reason]
    requests: list[str]
    release: InUse | None
    last_cycle: CycleRecord | None


class Status(_Frozen):
    """The whole workspace. `training` names the process that runs a Cycle now."""

    schema_version: Literal[1] = SCHEMA_VERSION
    workspace: str
    training: str | None
    scopes: list[ScopeStatus]

    def to_json(self) -> str:
        """The documented JSON, indented."""
        return self.model_dump_json(indent=1) + "\n"


def read_status(workspace: Workspace, moment: datetime) -> Status:
    """How everything stands at `moment`."""
    busy = living_holder(workspace.path / TRAIN_LOCK)
    return Status(
        workspace=str(workspace.path),
        training=str(busy) if busy else None,
        scopes=_scopes(workspace, moment),
    )


def _scopes(workspace: Workspace, moment: datetime) -> list[ScopeStatus]:
    """All loops, but those of taggers only where there is something to tell."""
    found = []
    for scope in loops_of(workspace):
        if is_of_fields(scope):
            standing = _of_fields(workspace, scope, moment)
            if not (standing.documents or standing.requests or standing.release or standing.last_cycle):
                continue
            found.append(standing)
        else:
            found.append(_scope(workspace, scope, moment))
    return found


def _of_fields(workspace: Workspace, scope: str, moment: datetime) -> ScopeStatus:
    facts = gather(workspace, scope, moment)
    with workspace.read() as session:
        asked = [str(request) for request in open_requests(session, scope)]
    return ScopeStatus(
        scope=scope,
        documents=dict(facts.trusted),
        aside=0,
        queued=0,
        unread=0,
        failed=0,
        new=facts.new,
        mix=[],
        balanced=True,
        business={},
        accuracy=None,
        accuracy_documents=0,
        accuracy_missing=0,
        triggers=list(ask_all(facts, workspace.settings.triggers)),
        requests=asked,
        release=_in_use(workspace, scope),
        last_cycle=last_cycle(workspace, scope),
    )


def _scope(workspace: Workspace, scope: str, moment: datetime) -> ScopeStatus:
    triggers = workspace.settings.triggers
    facts = gather(workspace, scope, moment)
    counted = counts(workspace, scope)
    accuracy = known_accuracy(workspace, scope)
    with workspace.read() as session:
        queue = waiting(session, scope, workspace.settings)
        asked = [str(request) for request in open_requests(session, scope)]
    return ScopeStatus(
        scope=scope,
        documents=counted.splits,
        aside=counted.aside,
        queued=queue.queued,
        unread=queue.unread,
        failed=queue.failed,
        new=facts.new,
        mix=_mix(facts, triggers),
        balanced=is_balanced(facts, triggers),
        business=counted.businesses,
        accuracy=accuracy.value,
        accuracy_documents=accuracy.measured,
        accuracy_missing=accuracy.missing,
        triggers=list(ask_all(facts, triggers)),
        requests=asked,
        release=_in_use(workspace, scope),
        last_cycle=last_cycle(workspace, scope),
    )


def _mix(facts: Facts, triggers: TriggerSettings) -> list[Share]:
    total = sum(facts.mix.values())
    names = [*triggers.mix, *sorted(facts.mix.keys() - triggers.mix.keys())]
    return [
        Share(
            category=name,
            documents=facts.mix.get(name, 0),
            share=facts.mix.get(name, 0) / total if total else 0.0,
            wanted=triggers.mix.get(name),
        )
        for name in names
    ]


def _in_use(workspace: Workspace, scope: str) -> InUse | None:
    release = current(workspace, scope)
    if release is None:
        return None
    return InUse(
        number=release.number,
        scope=release.scope,
        created_at=release.created_at,
        headline=str(release.metrics.get("headline", "cer")),
        error_rate=release.error_rate,
        mean_f1=release.mean_f1,
        problem=problem(workspace, release),
    )
