"""Which documents a scope means: a business type with a loop of its own, or "general" for all others.

And which of them models may learn from: Examples, which are trusted, and pages whose fields may teach.
"""

from sqlalchemy import ColumnElement, and_, or_

from recto.settings import Settings
from recto.workspace.tables import GENERAL, DocumentRow


def is_example() -> ColumnElement[bool]:
    """The condition on `DocumentRow` that holds for pages with a trusted text that models may see."""
    return and_(DocumentRow.state == "trusted", DocumentRow.train_allowed)


def may_teach_fields() -> ColumnElement[bool]:
    """The condition on `DocumentRow` that holds for pages whose trusted fields models may see.

    Their text may wait for a person still: who learns from fields reads the page himself.
    """
    return and_(DocumentRow.state.in_(("trusted", "queued")), DocumentRow.train_allowed)


def in_scope(scope: str, settings: Settings) -> ColumnElement[bool]:
    """The condition on `DocumentRow` that holds for documents of the scope."""
    if scope != GENERAL:
        return DocumentRow.business == scope
    own = settings.triggers.scopes
    return or_(DocumentRow.business.is_(None), DocumentRow.business.not_in(own))
