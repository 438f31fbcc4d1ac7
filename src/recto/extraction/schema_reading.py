"""Reading a JSON Schema: which fields it asks for, and every mistake in it.

Read are objects, lists of objects and of plain values, texts, numbers, booleans, enums, `null` beside
them, and references within the schema. An object of `amount` (a text) and `currency` is money; any other
object inside is flattened ("seller.name"). Not read: several types for one value, objects of any key, lists
within lists, and schemas that contain themselves.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Annotated

from jsonschema.exceptions import SchemaError as BrokenJsonSchema
from jsonschema.validators import Draft202012Validator, validator_for
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from recto.datasets.example import JsonValue
from recto.extraction.roles import Role, distinct, labels_against, role_in_line, role_named, roles
from recto.extraction.schema import Absent, FieldSpec, Shape
from recto.extraction.schema_nodes import Node, PlainNode, foreign_references, plain_node
from recto.extraction.values import KindName
from recto.extraction.values.kind import squashed
from recto.mistakes import sentence, unknown

ANNOTATION = "x-recto"

_WHOLE = "the schema"
_DEEPEST = 8
_MOST_FIELDS = 300

_SHAPES: dict[str, Shape] = {
    "string": "string",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}
_KINDS_OF: dict[Shape, tuple[KindName, ...]] = {
    "string": ("text", "date", "money", "number", "id", "enum", "flag"),
    "number": ("number", "money"),
    "integer": ("number", "money", "id"),
    "boolean": ("flag",),
    "money": ("money",),
}
"""What each shape can hold; the first is the guess where nothing says more."""


def _by_language(labels: object) -> object:
    """A plain list of labels is of no language in particular."""
    return {"": labels} if isinstance(labels, list) else labels


class Annotation(BaseModel):
    """What `x-recto` may say of a property; `labels` in a list, or in a list for each language."""

    model_config = ConfigDict(extra="forbid")

    kind: KindName | None = None
    role: str = ""
    labels: Annotated[dict[str, list[str]], BeforeValidator(_by_language)] = {}
    unlike: list[str] = []
    aliases: list[str] = []


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: the path of its field, and whether it, and all on the way there, is required.

    `own` says it of the node alone: an object that is there must have what it requires, though it needn't be
    there itself. `above` are the identities of the objects that it is in.
    """

    path: str = ""
    required: bool = True
    own: bool = True
    in_list: bool = False
    depth: int = 0
    above: frozenset[int] = frozenset()

    def inside(self, name: str, *, required: bool) -> "_Place":
        """The place of a property of the object that stands here."""
        path = f"{self.path}.{name}" if self.path else name
        chain = self.required and required
        return replace(self, path=path, required=chain, own=required, depth=self.depth + 1)


def read_fields(json_schema: Node) -> tuple[tuple[FieldSpec, ...], tuple[str, ...]]:
    """The fields that a JSON Schema asks for, and its mistakes in sentences; either of the two is empty."""
    try:
        validator_for(json_schema, default=Draft202012Validator).check_schema(json_schema)
    except BrokenJsonSchema as error:
        place = ".".join(str(part) for part in error.absolute_path)
        return (), (f"{place or 'the schema'}: isn't JSON Schema: {error.message}",)
    except RecursionError:
        return (), ("the schema: is nested too deep",)
    foreign = foreign_references(json_schema)
    if foreign:
        return (), tuple(f"the schema: {mistake}" for mistake in foreign)
    reader = _Reader(json_schema)
    fields = reader.fields_of_all()
    mistakes = distinct([*reader.mistakes, *_names_twice(fields)])
    return ((), mistakes) if mistakes else (tuple(fields), ())


class _Reader:
    """Walks one JSON Schema and collects its mistakes."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.mistakes: list[str] = []
        self.seen = 0

    def fields_of_all(self) -> list[FieldSpec]:
        """The fields of the whole schema."""
        top = plain_node(dict(self.root), self.root)
        if isinstance(top, str) or not top.properties:
            return self._wrong(_Place(), "must be an object with properties")
        return self._properties(top, _Place())

    def _wrong(self, place: _Place, what: str) -> list[FieldSpec]:
        self.mistakes.append(f"{place.path or _WHOLE}: {what}")
        return []

    def _properties(self, node: PlainNode, place: _Place) -> list[FieldSpec]:
        if id(node.properties) in place.above:
            return self._wrong(place, "contains itself")
        if place.depth > _DEEPEST:
            return self._wrong(place, f"is nested more than {_DEEPEST} deep")
        place = replace(place, above=place.above | {id(node.properties)})
        if not node.properties:
            return self._wrong(place, "an object must say its properties")
        found = []
        for name, child in node.properties.items():
            found += self._property(name, child, place.inside(name, required=node.requires(name)))
        return found

    def _property(self, name: str, child: JsonValue, place: _Place) -> list[FieldSpec]:
        self.seen += 1
        if self.seen > _MOST_FIELDS:
            return self._wrong(_Place(), f"asks for more than {_MOST_FIELDS} fields")
        named = name.strip() and not set(name) & set(".[]")
        node = (
            plain_node(child, self.root)
            if named
            else "a name must not be empty, and have no point or bracket"
        )
        if isinstance(node, str):
            return self._wrong(place, node)
        if node.type == "array":
            return self._list(node, place)
        if node.type == "object" and not node.is_money(self.root):
            return self._properties(node, replace(place, required=place.required and not node.nullable))
        return [
            replace(
                spec,
                required=place.required and not node.nullable,
                absent="null" if place.own and node.nullable else "leave out",
            )
            for spec in self._plain(node, place)
        ]

    def _list(self, node: PlainNode, place: _Place) -> list[FieldSpec]:
        if place.in_list:
            return self._wrong(place, "a list within a list can't be extracted")
        item = plain_node(node.node.get("items"), self.root)
        if isinstance(item, str):
            return self._wrong(place, f"the items of the list: {item}")
        least = node.node.get("minItems", 0)
        required = place.required and not node.nullable and isinstance(least, int) and least > 0
        if item.type == "object" and not item.is_money(self.root):
            found = self._items(node, item, place)
        else:
            told = {key: node.node[key] for key in ("title", "description", ANNOTATION) if key in node.node}
            one = replace(item, node={**item.node, **told})
            found = [replace(spec, many=True) for spec in self._plain(one, place)]
        absent: Absent = "null" if node.nullable else "empty list"
        return [
            replace(spec, required=required, absent=absent if place.own and not required else "leave out")
            for spec in found
        ]

    def _items(self, node: PlainNode, item: PlainNode, place: _Place) -> list[FieldSpec]:
        before = len(self.mistakes)
        fields = self._properties(item, _Place(in_list=True, depth=place.depth + 1, above=place.above))
        self.mistakes[before:] = [_in_list(mistake, place) for mistake in self.mistakes[before:]]
        annotation = self._annotation(node, place)
        if annotation is None:
            return []
        spec = _spec(node, place, annotation, roles()["line_items"])
        return [replace(spec, kind="items", items=tuple(fields))]

    def _plain(self, node: PlainNode, place: _Place) -> list[FieldSpec]:
        """The field of one value, or none where something is wrong."""
        shape: Shape = "money" if node.type == "object" else _SHAPES.get(node.type, "string")
        annotation = self._annotation(node, place)
        choices = _choices(node.node)
        unfit = _unfit(node, choices)
        if unfit or annotation is None or choices is None:
            return self._wrong(place, unfit) if unfit else []
        role = self._role(annotation, node, shape, place)
        kind = annotation.kind or _guessed_kind(node, shape, choices, role)
        if kind not in _KINDS_OF[shape]:
            return self._wrong(
                place, f"{kind} can't be written as {shape}, only {' or '.join(_KINDS_OF[shape])}"
            )
        if kind == "enum" and not choices:
            return self._wrong(place, "an enum must list its choices")
        return [replace(_spec(node, place, annotation, role), kind=kind, choices=choices, shape=shape)]

    def _annotation(self, node: PlainNode, place: _Place) -> Annotation | None:
        try:
            return Annotation.model_validate(node.node.get(ANNOTATION, {}))
        except ValidationError as error:
            for one in error.errors():
                name = ".".join([place.path, ANNOTATION, *(str(part) for part in one["loc"])])
                known = tuple(Annotation.model_fields)
                extra = one["type"] == "extra_forbidden"
                self.mistakes.append(
                    unknown(name, str(one["loc"][-1]), known) if extra else sentence(one, name)
                )
            return None

    def _role(self, annotation: Annotation, node: PlainNode, shape: Shape, place: _Place) -> Role | None:
        """The role that is said; else what path, name or title stand for, if its kind can stand here."""
        if annotation.role:
            if annotation.role not in roles():
                close = get_close_matches(annotation.role, roles(), n=1)
                helped = f"did you mean {close[0]}?" if close else f"known: {', '.join(roles())}"
                self._wrong(place, f"there is no role {annotation.role!r}; {helped}")
            return roles().get(annotation.role)
        format_ = node.node.get("format")
        own = place.path.rpartition(".")[2]
        names = (place.path, own, str(node.node.get("title", "")), "" if format_ == "date" else str(format_))
        role = role_in_line(*names) if place.in_list else role_named(*names)
        able = ("number", "money") if node.decimal else ("date",) if format_ == "date" else _KINDS_OF[shape]
        fits = role is not None and role.kind in able and annotation.kind in (None, role.kind)
        return role if fits else None


def _spec(plain: PlainNode, place: _Place, annotation: Annotation, role: Role | None) -> FieldSpec:
    """What annotation, role, and name together say of a field."""
    node = plain.node
    own = [label for labels in annotation.labels.values() for label in labels]
    title = node.get("title")
    said = [_words(place.path.rpartition(".")[2]), *([_words(title)] if isinstance(title, str) else [])]
    labels = distinct([*own, *(role.labels if role else ()), *said])
    unlike = distinct([*annotation.unlike, *(labels_against(role) if role else ())])
    description = node.get("description") or (role.description if role else plain.about)
    return FieldSpec(
        name=place.path,
        kind="text",
        role=role.name if role else "",
        labels=labels,
        unlike=tuple(label for label in unlike if label not in own),
        aliases=tuple(annotation.aliases),
        description=description if isinstance(description, str) else "",
    )


def _words(name: str) -> str:
    """The words of a name: "invoiceNumber" and "invoice_number" are "invoice number"."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.sub(r"[\W_]+", " ", apart).casefold().split())


def _guessed_kind(node: PlainNode, shape: Shape, choices: tuple[str, ...], role: Role | None) -> KindName:
    """The kind where no annotation says it."""
    if choices:
        return "enum"
    if role is not None:
        return role.kind
    if node.node.get("format") == "date":
        return "date"
    return "number" if node.decimal else _KINDS_OF[shape][0]


def _in_list(mistake: str, place: _Place) -> str:
    """A mistake in the items of a list, told from outside."""
    whole = mistake.removeprefix(f"{_WHOLE}: ")
    return f"{place.path}[]: {whole}" if whole != mistake else f"{place.path}[].{mistake}"


def _unfit(node: PlainNode, choices: tuple[str, ...] | None) -> str:
    """Why a node can't be one value; "" if it can."""
    if node.type == "array":
        return "a list within a list can't be extracted"
    if choices is None:
        return "the choices of an enum must be texts"
    if node.node.get("format") == "date-time":
        return "dates are extracted without a time: the format must be date"
    return ""


def _choices(node: Node) -> tuple[str, ...] | None:
    """The choices of an enum, none for others; None where one of them isn't a text."""
    given = node.get("enum", [node["const"]] if "const" in node else [])
    listed = [one for one in given if one is not None] if isinstance(given, list) else []
    texts = tuple(one for one in listed if isinstance(one, str) and one.strip())
    return texts if len(texts) == len(listed) else None


def _names_twice(fields: Iterable[FieldSpec]) -> list[str]:
    """Mistakes: names and aliases that stand for two fields."""
    names = [name for spec in fields for name in {squashed(name) for name in (spec.name, *spec.aliases)}]
    twice = [name for name, count in Counter(names).items() if count > 1]
    return [f"{name}: two fields have this name or alias" for name in twice]
