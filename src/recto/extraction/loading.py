"""Loading Schemas: the built-in ones, JSON Schema files, and pydantic models by their name.

What a JSON Schema may ask for is in `schema_reading`.
"""

import hashlib
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import resources
from pathlib import Path

from pydantic import BaseModel
from pydantic.errors import PydanticUserError

from recto.datasets.example import JsonValue
from recto.errors import SchemaError
from recto.extraction.schema import BUILT_IN, Schema
from recto.extraction.schema_reading import read_fields

_HINT = f"built in are {', '.join(BUILT_IN)}; or give a JSON Schema file, or module:Model of pydantic"
_LARGEST_BYTES = 1_000_000


def load_schema(name_or_path: str) -> Schema:
    """A built-in Schema by name, a JSON Schema file by path, or "module:Model" of pydantic.

    The last imports `module`: give this function what the machine's owner wrote, never what came by HTTP
    (`schema_from_json` takes that). Raises SchemaError with every mistake at once.
    """
    if name_or_path in BUILT_IN:
        return _built_in(name_or_path)
    path = Path(name_or_path)
    if path.suffix != ".json" and ":" in name_or_path and not path.exists():
        return _from_model(name_or_path)
    return schema_from_json(_parsed(_text_of(path), path), path.stem, where=path)


def schema_from_json(json_schema: Mapping[str, JsonValue], name: str, *, where: object = None) -> Schema:
    """A Schema from a JSON Schema; nothing is fetched or run. Raises SchemaError with every mistake."""
    fields, mistakes = read_fields(json_schema)
    if mistakes:
        count = "1 mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
        listed = "".join(f"\n  {mistake}" for mistake in mistakes)
        raise SchemaError(
            f"the schema has {count}:{listed}",
            where=name if where is None else where,
            hint="docs/extraction.md says what a schema may ask for",
        )
    try:
        canonical = json.dumps(
            json_schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
    except ValueError as error:
        raise SchemaError(
            "the schema holds NaN or Infinity, which aren't JSON", where=where or name, hint=_HINT
        ) from error
    digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
    return Schema(name=name, fields=fields, json_schema=dict(json_schema), digest=digest)


@cache
def _built_in(name: str) -> Schema:
    file = resources.files("recto.extraction").joinpath("schemas", f"{name}.json")
    return schema_from_json(_parsed(file.read_text("utf-8"), name), name)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise SchemaError(f"the file has more than {_LARGEST_BYTES:,} bytes", where=path, hint=_HINT)
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        raise SchemaError("there is no such schema", where=path, hint=_HINT) from error
    except UnicodeDecodeError as error:
        raise SchemaError("the file isn't UTF-8", where=path, hint=_HINT) from error
    except OSError as error:
        raise SchemaError(f"the file can't be read: {error.strerror}", where=path, hint=_HINT) from error
    except ValueError as error:  # a NUL in the name
        raise SchemaError("there is no such schema", where=repr(str(path)), hint=_HINT) from error


def _parsed(text: str, where: object) -> Mapping[str, JsonValue]:
    try:
        value: JsonValue = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise SchemaError(
            f"isn't JSON: {error.msg} (line {error.lineno})", where=where, hint=_HINT
        ) from error
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"isn't JSON that can be read: {error}", where=where, hint=_HINT) from error
    if not isinstance(value, dict):
        raise SchemaError("isn't a JSON Schema: it must be an object", where=where, hint=_HINT)
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _from_model(name: str) -> Schema:
    """A Schema from the JSON Schema that a pydantic model gives of itself."""
    module_name, _, model_name = name.partition(":")
    if not all(part.isidentifier() for part in module_name.split(".")):
        raise SchemaError(f"{module_name!r} is no name of a module", where=name, hint=_HINT)
    try:
        with _working_folder_importable():
            found = getattr(importlib.import_module(module_name), model_name, None)
    except (ImportError, SyntaxError) as error:
        hint = "the module must be importable from the folder you are in, or be installed"
        raise SchemaError(f"the module can't be imported: {error}", where=name, hint=hint) from error
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        raise SchemaError(f"{module_name} has no pydantic model {model_name!r}", where=name, hint=_HINT)
    try:
        json_schema = found.model_json_schema()
    except PydanticUserError as error:
        raise SchemaError(f"the model has no JSON Schema: {error.message}", where=name) from error
    return schema_from_json(json_schema, model_name, where=name)


@contextmanager
def _working_folder_importable() -> Iterator[None]:
    """The working folder on the import path, as for `python -m`."""
    folder = str(Path.cwd())
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)
