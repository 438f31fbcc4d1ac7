"""Values: one file per kind, and the table of kinds."""

from typing import Literal

from recto.extraction.values.dates import Order
from recto.extraction.values.kind import Kind, Occurrence

KindName = Literal["text", "date", "money", "number", "id", "enum", "flag", "items"]

def kind_of(kind: KindName, *, role: str = "", choices: tuple[str, ...] = (), order: Order = "dmy") -> Kind:
    """The functions of a kind; ids know IBANs, BICs and tax numbers by role, enums need their choices."""
    raise NotImplementedError
