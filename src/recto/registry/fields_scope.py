"""Scopes of what finds fields: under "fields:receipt" stands the current tagger, or language model, of
`receipt`.

So at most one is current per schema, beside the scopes of reading models (general, and business types),
and neither kind can take the other's place. A schema of the user's own goes by its name; whether one
was made for just that schema, its digest says (see `extractors`).
"""

from recto.errors import RegistryError

PREFIX = "fields:"
FIND_FIELDS = frozenset({"tagger", "text"})
"""The engines that Releases name which find fields, and read no pages."""


def scope_of_fields(schema_name: str) -> str:
    """The scope of what finds the fields of a schema."""
    return f"{PREFIX}{schema_name}"


def is_of_fields(scope: str) -> bool:
    """Whether what finds fields stands under this scope, and no reading models."""
    return scope.startswith(PREFIX)


def check_kind(number: int, engine: str, scope: str) -> None:
    """Raise RegistryError where what finds fields would read pages, or a reading model find fields."""
    if (engine in FIND_FIELDS) == is_of_fields(scope):
        return
    does = "finds fields and reads no pages" if engine in FIND_FIELDS else "reads pages and finds no fields"
    raise RegistryError(
        f"Release {number} {does}: it can't be current for scope {scope!r}",
        hint="leave --scope away: a Release knows the scope that it was made for",
    )
