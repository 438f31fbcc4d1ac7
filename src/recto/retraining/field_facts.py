"""Facts of a tagger's loop: what its Triggers may know, counted from the database; nothing is measured."""

from collections import Counter
from datetime import datetime

from sqlalchemy import select

from recto.datasets.corpus.labelled import labelled_pages
from recto.errors import SchemaError, SettingsError
from recto.extraction.loading import load_schema
from recto.extraction.schema import BUILT_IN, Schema
from recto.registry.field_gates import foresee_fields
from recto.registry.fields_scope import PREFIX
from recto.retraining.ledger import last_run
from recto.retraining.recipes import own_schema
from recto.retraining.triggers import Facts
from recto.training.tagging.labelled import labels_for
from recto.workspace.folder import Workspace
from recto.workspace.review_tables import CorrectionRow, SightingRow


def gather_fields(workspace: Workspace, scope: str, moment: datetime) -> Facts:
    """The Facts of a tagger's `scope` at `moment`: documents with trusted fields of its schema.

    New are those that its last run didn't see, and those whose fields people changed since.
    """
    schema = _schema_of(workspace, scope)
    if schema is None:
        return Facts(scope, moment, refusal="its schema can't be read", of_fields=True)
    labels = labels_for(schema, workspace.settings)
    with workspace.read() as session:
        pages = labelled_pages(session, workspace.settings, labels)
        run = last_run(session, scope)
        known: set[int] = set()
        if run is not None:
            known.update(session.scalars(select(SightingRow.document_id).filter_by(cycle_id=run.id)))
            since = (CorrectionRow.kind == "fields", CorrectionRow.at > run.started_at)
            known.difference_update(session.scalars(select(CorrectionRow.document_id).where(*since)))
    trusted, new = Counter(page.split for page in pages), [page for page in pages if page.row not in known]
    refusal = foresee_fields(trusted["test"], workspace.settings.gates)
    return Facts(
        scope,
        moment,
        trusted=trusted,
        new=len(new),
        new_train=sum(page.split == "train" for page in new),
        last_run=run.started_at if run else None,
        refusal=refusal.reason if refusal else "",
        of_fields=True,
    )


def _schema_of(workspace: Workspace, scope: str) -> Schema | None:
    """The schema whose tagger stands under `scope`; None for one of the user's own that can't be read."""
    name = scope.removeprefix(PREFIX)
    if name in BUILT_IN:
        return load_schema(name)
    try:
        own = own_schema(workspace)
    except (SettingsError, SchemaError):
        return None
    return own if own is not None and own.name == name else None
