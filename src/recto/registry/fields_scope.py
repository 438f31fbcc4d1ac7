"""Scopes of taggers: "fields:receipt" is what the current tagger of the schema `receipt` stands under.

So at most one is current per schema, beside the scopes of reading models (general, and business types),
and neither kind can take the other's place. A schema of the user's own goes by its name; whether a tagger
was made for just that schema, its digest says (see `extractors`).
"""

from recto.errors import RegistryError

PREFIX = "fields:"
TAGGER = "tagger"
"""The engine that Releases of taggers name."""


def scope_of_fields(schema_name: str) -> str:
    """The scope of the taggers of a schema."""
    return f"{PREFIX}{schema_name}"


def is_of_fields(scope: str) -> bool:
    """Whether taggers stand under this scope, and no reading models."""
    return scope.startswith(PREFIX)


def check_kind(number: int, engine: str, scope: str) -> None:
    """Raise RegistryError where a tagger would read pages, or a reading model find fields."""
    if (engine == TAGGER) == is_of_fields(scope):
        return
    does = "finds fields and reads no pages" if engine == TAGGER else "reads pages and finds no fields"
    raise RegistryError(
        f"Release {number} {does}: it can't be current for scope {scope!r}",
        hint="leave --scope away: a Release knows the scope that it was made for",
    )
