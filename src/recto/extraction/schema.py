"""Schema: the values that are wanted from a document.

A Schema is a JSON Schema (draft 2020-12 unless it says otherwise), whose properties may carry an
annotation `x-recto` (kind, role, labels, unlike, aliases). What is not annotated is guessed from type,
format and name. `loading` gets a Schema by name, `schema_reading` reads it; finding values isn't done here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from recto.datasets.example import JsonValue
from recto.extraction.values import KindName
from recto.extraction.values.kind import squashed

Shape = Literal["string", "number", "integer", "boolean", "money"]
"""How a value is written in JSON; "money" is an object of amount (a string) and currency."""

Absent = Literal["leave out", "null", "empty list"]
"""What stands in the JSON for a field that wasn't found."""

BUILT_IN = ("contract", "invoice", "receipt", "tax_form")


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One value that is wanted.

    `name` is its path in the JSON ("total", "seller.name"); within `items` the path from the item on.
    `role` is one of `roles.ROLES` or "": what the value is, whatever its name. `labels` are what may stand
    before it on a page, in any language; `unlike` are labels of values that are easily taken for it
    ("subtotal" for a total). `aliases` are names that Examples may have for it. `many`: a list of plain
    values; kind "items": a list of objects with the fields `items`. `choices` of an enum.
    """

    name: str
    kind: KindName
    role: str = ""
    required: bool = False
    many: bool = False
    labels: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    items: tuple["FieldSpec", ...] = ()
    description: str = ""
    shape: Shape = "string"
    absent: Absent = "leave out"


@dataclass(frozen=True, slots=True)
class Schema:
    """The wanted fields, the JSON Schema that they were read from, and its `digest` (sha256, hexadecimal)."""

    name: str
    fields: tuple[FieldSpec, ...]
    json_schema: Mapping[str, JsonValue]
    digest: str

    def field(self, name: str) -> FieldSpec | None:
        """The field that has this name or alias, whatever its case and punctuation; None if there is none."""
        wanted = squashed(name)
        exact = (spec for spec in self.fields if squashed(spec.name) == wanted)
        alias = (spec for spec in self.fields if wanted in map(squashed, spec.aliases))
        return next(exact, None) or next(alias, None)

    def with_role(self, role: str) -> Iterator[FieldSpec]:
        """The fields of one role, in the Schema's order."""
        return (spec for spec in self.fields if spec.role == role)
