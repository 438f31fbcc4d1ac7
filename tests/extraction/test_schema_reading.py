"""What a JSON Schema asks for, and what is wrong with one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.datasets.example import JsonValue
from recto.errors import SchemaError
from recto.extraction.loading import schema_from_json
from recto.extraction.schema import FieldSpec
from recto.extraction.schema_reading import read_fields

TEXT: JsonValue = {"type": "string"}


def only(node: JsonValue, name: str = "thing") -> FieldSpec:
    (spec,) = schema_from_json({"type": "object", "properties": {name: node}}, "s").fields
    return spec


def mistakes(properties: dict[str, JsonValue]) -> tuple[str, ...]:
    return read_fields({"type": "object", "properties": properties})[1]


@pytest.mark.parametrize(
    ("node", "kind", "shape"),
    [
        (TEXT, "text", "string"),
        ({"type": "string", "format": "date"}, "date", "string"),
        ({"type": "number"}, "number", "number"),
        ({"type": "integer"}, "number", "integer"),
        ({"type": "boolean"}, "flag", "boolean"),
        ({"type": ["string", "number"]}, "number", "string"),
        ({"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[0-9.]+$"}]}, "number", "string"),
        ({"enum": ["a", "b", None]}, "enum", "string"),
        ({"const": "a"}, "enum", "string"),
        ({"type": "string", "x-recto": {"kind": "id"}}, "id", "string"),
        ({"type": "number", "x-recto": {"kind": "money"}}, "money", "number"),
        ({"type": "object", "properties": {"amount": TEXT, "currency": TEXT}}, "money", "money"),
    ],
)
def test_kinds_and_shapes(node: JsonValue, kind: str, shape: str) -> None:
    assert (only(node).kind, only(node).shape) == (kind, shape)


@pytest.mark.parametrize(
    ("name", "node", "kind", "role"),
    [
        ("total", TEXT, "money", "total"),
        ("total", {"type": "number"}, "money", "total"),
        ("total", {"type": "boolean"}, "flag", ""),
        ("total", {"type": "string", "format": "date"}, "date", ""),
        ("total", {"type": "string", "x-recto": {"kind": "id"}}, "id", ""),
        ("kontonummer", TEXT, "id", "account_number"),
        ("x", {"type": "string", "title": "IBAN"}, "id", "iban"),
        ("x", {"type": "string", "x-recto": {"role": "due_date"}}, "date", "due_date"),
        ("y", TEXT, "text", ""),
    ],
)
def test_roles_are_guessed_by_name_where_they_can_be_written(
    name: str, node: JsonValue, kind: str, role: str
) -> None:
    assert (only(node, name).kind, only(node, name).role) == (kind, role)


def test_labels_come_from_annotation_role_and_name() -> None:
    spec = only(
        {"type": "string", "x-recto": {"role": "total", "labels": {"en": ["to settle", "subtotal"]}}},
        "endPrice",
    )
    assert spec.labels[:2] == ("to settle", "subtotal")
    assert "gesamtbetrag" in spec.labels
    assert spec.labels[-1] == "end price"
    assert "change" in spec.unlike
    assert "subtotal" not in spec.unlike


@pytest.mark.parametrize(
    ("name", "own", "described"),
    [
        ("total", {"description": "with tips"}, "with tips"),
        ("total", {}, "what the document comes to, taxes included"),
        ("thing", {}, "any amount"),
    ],
)
def test_a_type_describes_a_field_that_nothing_else_describes(
    name: str, own: dict[str, JsonValue], described: str
) -> None:
    money = {
        "description": "any amount",
        "type": "object",
        "properties": {"amount": TEXT, "currency": TEXT},
    }
    reference: dict[str, JsonValue] = {"$ref": "#/$defs/money"}
    for node in (reference, {"anyOf": [reference, {"type": "null"}]}):
        schema = {"type": "object", "properties": {name: {**node, **own}}, "$defs": {"money": money}}
        (spec,) = schema_from_json(schema, "s").fields
        assert (spec.kind, spec.description) == ("money", described)


def test_labels_may_be_of_no_language_in_particular() -> None:
    listed, by_language = (
        only({"type": "string", "x-recto": {"labels": labels}})
        for labels in (["zu zahlen"], {"de": ["zu zahlen"]})
    )
    assert listed.labels == by_language.labels == ("zu zahlen", "thing")


def test_null_beside_a_type() -> None:
    for node in (
        {"type": ["string", "null"]},
        {"anyOf": [TEXT, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, TEXT]},
    ):
        required = {"type": "object", "properties": {"thing": node}, "required": ["thing"]}
        (spec,) = schema_from_json(required, "s").fields
        assert (spec.required, spec.absent) == (False, "null")
        assert only(node).absent == "leave out"


def test_objects_are_flattened() -> None:
    seller: JsonValue = {"type": "object", "properties": {"name": TEXT, "place": TEXT}, "required": ["name"]}
    properties: dict[str, JsonValue] = {"seller": {"$ref": "#/$defs/Seller"}}
    for required, chain in ((["seller"], True), ([], False)):
        schema = {
            "type": "object",
            "properties": properties,
            "required": required,
            "$defs": {"Seller": seller},
        }
        told = [(spec.name, spec.required) for spec in schema_from_json(schema, "s").fields]
        assert told == [("seller.name", chain), ("seller.place", False)]


def test_lists() -> None:
    items: JsonValue = {
        "type": "array",
        "items": {"type": "object", "properties": {"total": TEXT, "name": TEXT}},
    }
    assert [(spec.name, spec.role) for spec in only(items).items] == [
        ("total", "line_amount"),
        ("name", "description"),
    ]
    assert (only({"type": "array", "items": TEXT}).many, only({"type": "array", "items": TEXT}).kind) == (
        True,
        "text",
    )
    least = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": TEXT, "minItems": 1}},
        "required": ["a"],
    }
    assert schema_from_json(least, "s").fields[0].required


@pytest.mark.parametrize(
    ("node", "told"),
    [
        (True, "must be an object that says a type"),
        ({}, "must have one type"),
        ({"type": "null"}, "must have one type"),
        ({"type": ["string", "boolean"]}, "must have one type"),
        ({"anyOf": [TEXT, {"type": "boolean"}]}, "must have one type"),
        ({"allOf": [TEXT, {"maxLength": 3}]}, "must have one type"),
        ({"type": "string", "format": "date-time"}, "without a time"),
        ({"type": "object"}, "must say its properties"),
        ({"type": "array"}, "the items of the list"),
        ({"type": "array", "items": {"type": "array", "items": TEXT}}, "a list within a list"),
        ({"enum": [1, 2]}, "choices of an enum must be texts"),
        ({"type": "string", "x-recto": {"kind": "enum"}}, "must list its choices"),
        ({"type": "boolean", "x-recto": {"kind": "date"}}, "can't be written as boolean"),
        ({"type": "string", "x-recto": {"kind": "mony"}}, "it is \"mony\""),
        ({"type": "string", "x-recto": {"lables": {}}}, "did you mean labels"),
        ({"type": "string", "x-recto": {"role": "totl"}}, "did you mean total"),
        ({"type": "string", "x-recto": []}, "x-recto"),
        ({"type": "string", "x-recto": {"labels": "total"}}, "x-recto.labels"),
        ({"type": "string", "x-recto": {"labels": [1]}}, "x-recto.labels"),
        ({"$ref": "#"}, "contains itself"),
        ({"$ref": "#/properties/thing"}, "refers to itself"),
        ({"$ref": "#/$defs/none"}, "isn't in it"),
        ({"$ref": "https://example.invalid/money.json"}, "isn't in it"),
        ({"type": "string", "not": {"$ref": "file:///etc/passwd"}}, "isn't in it"),
        ({"type": "object", "$id": "x", "properties": {"a": TEXT}}, "$id isn't followed"),
        ({"type": "strin"}, "isn't JSON Schema"),
    ],
)  # fmt: skip
def test_mistakes(node: JsonValue, told: str) -> None:
    (mistake,) = mistakes({"thing": node})
    assert told in mistake


@pytest.mark.parametrize("name", ["", " ", "a.b", "a[0]"])
def test_names_that_cant_be_paths(name: str) -> None:
    (mistake,) = mistakes({name: TEXT})
    assert "a name must not" in mistake


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    wrong: dict[str, JsonValue] = {
        "a": {"type": "object"},
        "b": {"type": "object", "properties": {"c": {}}},
        "d": {"type": "array", "items": {"type": "object", "properties": {"e": {"enum": [1]}}}},
        "f": {"type": "array", "items": {"type": "object"}},
        "Net_Sum": {"type": "string", "x-recto": {"aliases": ["g"]}},
        "g": TEXT,
    }
    places = [mistake.split(":")[0] for mistake in mistakes(wrong)]
    assert places == ["a", "b.c", "d[].e", "f[]", "g"]
    with pytest.raises(SchemaError, match="5 mistakes"):
        schema_from_json({"type": "object", "properties": wrong}, "s")


def test_a_schema_that_unfolds_to_very_many_fields_is_refused() -> None:
    levels: dict[str, JsonValue] = {"l0": TEXT}
    for level in range(1, 7):
        ten: JsonValue = {f"p{n}": {"$ref": f"#/$defs/l{level - 1}"} for n in range(10)}
        levels[f"l{level}"] = {"type": "object", "properties": ten}
    schema: dict[str, JsonValue] = {"$ref": "#/$defs/l6", "$defs": levels}
    assert any("more than 300 fields" in mistake for mistake in read_fields(schema)[1])


NODES = st.recursive(
    st.sampled_from(
        [TEXT, {"type": "number"}, {}, {"type": "null"}, {"enum": ["a"]}, {"$ref": "#"}, {"$ref": "#/x"}]
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"type": st.just("array"), "items": inner}),
        st.fixed_dictionaries(
            {
                "type": st.just("object"),
                "properties": st.dictionaries(st.sampled_from("ab.c"), inner, max_size=3),
            }
        ),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=8,
)


@given(NODES)
def test_any_schema_has_fields_or_mistakes(node: JsonValue) -> None:
    fields, wrong = read_fields({"type": "object", "properties": {"thing": node}})
    assert bool(fields) != bool(wrong)
