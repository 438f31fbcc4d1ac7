"""Assembly: from what an extractor found to an Extraction that fits its Schema, or says why it doesn't.

It invents nothing and repairs nothing: a value is written into the JSON as it was found, or stays out of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from jsonschema.exceptions import ValidationError
from jsonschema.validators import Draft202012Validator, validator_for
from referencing import Registry

from recto.datasets.example import JsonValue
from recto.extraction.checks import run_checks
from recto.extraction.fields import Extraction, Found
from recto.extraction.naming import joined, path_of, spec_of, split
from recto.extraction.schema import Schema
from recto.extraction.writing import values_of

_LAST = 500_000
"""Values of a list that come without a place follow those that have one."""


def assemble(schema: Schema, found: Sequence[Found], *, extractor: str, seconds: float) -> Extraction:
    """An Extraction of everything found: sorted out, nested, validated, checked.

    Of several values for one place the most confident stays; lists close up over what is left out, and
    values of a list may come without their place ("party"). What isn't grounded, and what breaks a rule of
    the JSON Schema by itself, is kept apart. Raises KeyError for a field that the schema doesn't have: that
    is a mistake of the extractor.
    """
    for one in found:
        if spec_of(one.name, schema) is None:
            raise KeyError(f"the schema {schema.name} has no field {one.name}")
    fit, unfit = _one_each(_placed(schema, (one for one in found if one.grounded))), []
    while True:
        fit = _closed_up(fit)
        values = values_of(schema, fit)
        errors = _errors(schema, values)
        wrong = [one for one in fit if any(_is_about(error, one) for error in errors)]
        if not wrong:
            break
        unfit += wrong
        fit = [one for one in fit if one not in wrong]
    return Extraction(
        schema=schema.name,
        extractor=extractor,
        values=values,
        fields=tuple(fit),
        missing=_missing(schema, fit, errors),
        ungrounded=tuple(one for one in found if not one.grounded),
        unfit=tuple(unfit),
        problems=tuple(_told(error) for error in errors),
        checks=run_checks(schema, fit),
        seconds=seconds,
    )


def _placed(schema: Schema, found: Iterable[Found]) -> list[Found]:
    """Every value of a list with a place in it."""
    many = {spec.name for spec in schema.fields if spec.many}
    return [
        replace(one, name=joined(one.name, _LAST + place, "")) if one.name in many else one
        for place, one in enumerate(found)
    ]


def _one_each(found: Iterable[Found]) -> list[Found]:
    """The most confident of those for one place; the first of equals."""
    best: dict[str, Found] = {}
    for one in found:
        if one.name not in best or one.confidence > best[one.name].confidence:
            best[one.name] = one
    return list(best.values())


def _closed_up(found: Sequence[Found]) -> list[Found]:
    """Lists without gaps, in their order; everything else as it is."""
    places: dict[str, set[int]] = defaultdict(set)
    for one in found:
        listed, index, _ = split(one.name)
        if index is not None:
            places[listed].add(index)
    ranks = {
        listed: {index: rank for rank, index in enumerate(sorted(taken))} for listed, taken in places.items()
    }
    closed = []
    for one in found:
        listed, index, within = split(one.name)
        rank = None if index is None else ranks[listed][index]
        closed.append(replace(one, name=joined(listed, rank, within)))
    return closed


def _errors(schema: Schema, values: JsonValue) -> list[ValidationError]:
    """What of the values doesn't validate. The empty registry keeps a reference from being fetched."""
    kind = validator_for(schema.json_schema, default=Draft202012Validator)
    validator = kind(schema.json_schema, registry=Registry(), format_checker=kind.FORMAT_CHECKER)
    return list(validator.iter_errors(values))


def _is_about(error: ValidationError, found: Found) -> bool:
    """Whether the error lies in this value, rather than in what surrounds it."""
    path = path_of(found.name)
    return tuple(error.absolute_path)[: len(path)] == path


def _missing(schema: Schema, found: Sequence[Found], errors: Sequence[ValidationError]) -> tuple[str, ...]:
    """Required fields that weren't found, and what objects lack that are there for other values' sake."""
    names = {split(one.name)[0] for one in found}
    missing = [spec.name for spec in schema.fields if spec.required and spec.name not in names]
    for error in errors:
        lacking = error.validator_value if error.validator == "required" else []
        for name in (name for name in lacking if name not in error.instance):
            whole = ".".join(filter(None, [_path_told(error), name]))
            if not any(one == whole or one.startswith(f"{whole}.") for one in missing):
                missing.append(whole)
    return tuple(missing)


def _told(error: ValidationError) -> str:
    return f"{_path_told(error) or 'the document'}: {error.message}"


def _path_told(error: ValidationError) -> str:
    """The error's place as names of fields are written."""
    told = ""
    for part in error.absolute_path:
        told += f"[{part}]" if isinstance(part, int) else f".{part}" if told else str(part)
    return told
