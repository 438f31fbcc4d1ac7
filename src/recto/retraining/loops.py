"""Loops: the scopes in which Cycles run by themselves: of models that read, and of taggers.

A tagger's loop is that of its schema: each one that `review.schemas` names for a category, and the user's own
that the recipe of taggers names.
"""

from contextlib import suppress

from recto.errors import RegistryError, SchemaError, SettingsError
from recto.registry.fields_scope import is_of_fields, scope_of_fields
from recto.retraining import ledger
from recto.retraining.ledger import AS_USUAL, Wish, scopes_of
from recto.retraining.recipes import own_schema
from recto.workspace.folder import Workspace


def loops_of(workspace: Workspace) -> tuple[str, ...]:
    """All scopes that have a loop: the general one first, those of taggers last."""
    return (*scopes_of(workspace.settings), *tagger_scopes(workspace))


def tagger_scopes(workspace: Workspace) -> tuple[str, ...]:
    """The scopes of taggers; the user's own schema only where it can be read (`recto loop` says why not)."""
    names = set(workspace.settings.review.schemas.values())
    found = [scope_of_fields(name) for name in sorted(names)]
    with suppress(SettingsError, SchemaError):
        own = own_schema(workspace)
        if own is not None and own.name not in names:
            found.append(scope_of_fields(own.name))
    return tuple(found)


def ask(workspace: Workspace, scope: str, reason: str, wish: Wish = AS_USUAL) -> int:
    """Leave a request that `recto loop` takes up. Raises RegistryError for a scope without a loop."""
    if is_of_fields(scope) and scope not in tagger_scopes(workspace):
        raise RegistryError(
            f"no loop looks after {scope}",
            where=workspace.path,
            hint=f"loops of taggers: {', '.join(tagger_scopes(workspace))}; review.schemas says which",
        )
    return ledger.ask_for_cycle(workspace, scope, reason, wish)
