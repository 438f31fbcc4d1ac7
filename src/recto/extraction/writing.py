"""Writing found values as the JSON that a Schema asks for: texts, numbers, booleans, objects of money, lists.

Whether the JSON validates, `assembly` finds out. Money and numbers become floats only where the user's own
JSON Schema wants a JSON number.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from recto.datasets.example import JsonValue
from recto.extraction.fields import Found
from recto.extraction.naming import path_of, spec_of, split
from recto.extraction.schema import FieldSpec, Schema

_Object = dict[str, JsonValue]


def values_of(schema: Schema, found: Sequence[Found]) -> _Object:
    """The nested JSON of values whose lists have no gaps, with null and [] where the schema wants them."""
    values: _Object = {}
    currency = next((one.value for one in found if _role(one, schema) == "currency"), "")
    for one in sorted(found, key=lambda one: split(one.name)[1] or 0):
        spec = spec_of(one.name, schema)
        if spec is not None:
            _put(values, path_of(one.name), _written(one, spec, currency))
    _fill(values, schema.fields)
    return values


def _role(found: Found, schema: Schema) -> str:
    spec = spec_of(found.name, schema)
    return spec.role if spec else ""


def _written(found: Found, spec: FieldSpec, currency: str) -> JsonValue:
    """The value in the field's shape; as text where it has no such shape, for validation to refuse."""
    if spec.shape == "money":
        return {"amount": found.value, "currency": found.currency or currency or None}
    if spec.shape == "boolean":
        return {"true": True, "false": False}.get(found.value, found.value)
    return found.value if spec.shape == "string" else _number(found.value)


def _number(value: str) -> JsonValue:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return value
    if not number.is_finite():
        return value
    return int(number) if number == number.to_integral_value() else float(number)


def _put(values: _Object, path: Sequence[str | int], value: JsonValue) -> None:
    """Put the value where the path leads, through objects and lists that are made where there are none."""
    at: JsonValue = values
    for part, following in zip(path, [*path[1:], None], strict=True):
        new: JsonValue = value if following is None else [] if isinstance(following, int) else {}
        if isinstance(at, list) and isinstance(part, int):
            if part == len(at):
                at.append(new)
            at = at[part]
        elif isinstance(at, dict) and isinstance(part, str):
            at = at.setdefault(part, new)


def _fill(values: _Object, fields: Sequence[FieldSpec]) -> None:
    """What stands for fields that weren't found, in objects that are there."""
    for spec in fields:
        *parents, name = spec.name.split(".")
        at: JsonValue = values
        for parent in parents:
            at = at.get(parent) if isinstance(at, dict) else None
        if not isinstance(at, dict):
            continue
        if spec.absent != "leave out":
            at.setdefault(name, None if spec.absent == "null" else [])
        lines = at.get(name)
        for line in lines if spec.items and isinstance(lines, list) else []:
            if isinstance(line, dict):
                _fill(line, spec.items)
