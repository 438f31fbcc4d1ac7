"""Names of found fields: "total", "seller.name", "party[0]", "items[0].amount".

They are the paths of the values in the JSON of an Extraction.
"""

import re

from recto.extraction.schema import FieldSpec, Schema

_INDEX = re.compile(r"\[(\d{1,6})\]")


def split(name: str) -> tuple[str, int | None, str]:
    """The name of the list or field, the place in the list (None for none), and the name within the item."""
    match = _INDEX.search(name)
    if match is None:
        return name, None, ""
    return name[: match.start()], int(match[1]), name[match.end() :].removeprefix(".")


def joined(listed: str, index: int | None, within: str) -> str:
    """What `split` takes apart."""
    return f"{listed}{'' if index is None else f'[{index}]'}{'.' if within else ''}{within}"


def path_of(name: str) -> tuple[str | int, ...]:
    """The keys and indices that lead to the value in the JSON."""
    listed, index, within = split(name)
    return (*listed.split("."), *(() if index is None else (index,)), *(within.split(".") if within else ()))


def spec_of(name: str, schema: Schema) -> FieldSpec | None:
    """The field of the schema that a found field belongs to; None where the schema has none of this name."""
    listed, index, within = split(name)
    spec = next((spec for spec in schema.fields if spec.name == listed), None)
    if spec is None or (index is not None and not (spec.many or spec.items)):
        return None
    if spec.items:
        return next((one for one in spec.items if index is not None and one.name == within), None)
    return None if within else spec
