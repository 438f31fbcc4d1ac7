"""What was found becomes JSON that validates, or the Extraction says why not."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.validators import Draft202012Validator

from recto.datasets.example import JsonValue
from recto.extraction.assembly import assemble
from recto.extraction.fields import Extraction, Found, extraction_from_json
from recto.extraction.loading import load_schema, schema_from_json
from recto.extraction.schema import Schema

TEXT: JsonValue = {"type": "string"}
RECEIPT = {"vendor": "ABC HO TRADING", "date": "2019-01-09", "total": "31.00"}


def found(
    name: str, value: str, confidence: float = 0.9, *, grounded: bool = True, currency: str = ""
) -> Found:
    return Found(name, value, value, confidence, 1, (0, 0, 10, 10), grounded, currency)


def assembled(schema: Schema, values: Mapping[str, str]) -> Extraction:
    return assemble(schema, [found(*pair) for pair in values.items()], extractor="test", seconds=0.1)


def schema_of(properties: dict[str, JsonValue], *required: str) -> Schema:
    return schema_from_json({"type": "object", "properties": properties, "required": [*required]}, "s")


def test_a_whole_receipt_validates() -> None:
    lines = {"items[0].description": "PLASTIC", "items[0].quantity": "2", "items[0].amount": "31.00"}
    done = assembled(load_schema("receipt"), {**RECEIPT, "currency": "MYR", **lines})
    assert done.values == {
        "vendor": "ABC HO TRADING",
        "date": "2019-01-09",
        "total": {"amount": "31.00", "currency": "MYR"},
        "currency": "MYR",
        "items": [
            {"description": "PLASTIC", "quantity": "2", "amount": {"amount": "31.00", "currency": "MYR"}},
        ],
    }
    assert (done.missing, done.problems, done.unfit, done.ungrounded) == ((), (), (), ())
    assert (done.schema, done.extractor) == ("receipt", "test")


def test_what_is_missing_is_listed() -> None:
    done = assembled(load_schema("receipt"), {"vendor": "ABC"})
    assert done.missing == ("date", "total")
    assert done.problems == (
        "the document: 'date' is a required property",
        "the document: 'total' is a required property",
    )


def test_what_isnt_grounded_never_reaches_the_values() -> None:
    told = found("total", "99.00", grounded=False)
    done = assemble(load_schema("receipt"), [told, found("vendor", "ABC")], extractor="test", seconds=0)
    assert done.ungrounded == (told,)
    assert "total" not in done.values
    assert "total" in done.missing
    assert told not in done.fields


def test_the_currency_of_an_amount_is_its_own_or_the_documents_or_unknown() -> None:
    schema = load_schema("receipt")
    for more, currency in (([], None), ([found("currency", "MYR")], "MYR")):
        done = assemble(
            schema,
            [found("total", "1.00"), found("net", "1.00", currency="EUR"), *more],
            extractor="t",
            seconds=0,
        )
        assert done.values["total"] == {"amount": "1.00", "currency": currency}
        assert done.values["net"] == {"amount": "1.00", "currency": "EUR"}


def test_of_two_values_the_surer_stays() -> None:
    both = [found("total", "1.00", 0.4), found("total", "2.00", 0.8), found("total", "3.00", 0.8)]
    done = assemble(load_schema("receipt"), both, extractor="t", seconds=0)
    assert [one.value for one in done.fields] == ["2.00"]


def test_lists_close_up_and_give_places() -> None:
    parties = [found("party", "A"), found("party[3]", "B"), found("party[1]", "C"), found("party", "D"),
               found("party[2]", "no", grounded=False)]  # fmt: skip
    done = assemble(load_schema("contract"), parties, extractor="t", seconds=0)
    assert done.values["party"] == ["C", "B", "A", "D"]
    assert {one.name: one.value for one in done.fields} == {
        "party[0]": "C", "party[1]": "B", "party[2]": "A", "party[3]": "D",
    }  # fmt: skip


def test_lines_close_up() -> None:
    done = assembled(
        load_schema("receipt"),
        {"items[7].amount": "2.00", "items[2].amount": "1.00", "items[7].description": "x"},
    )
    assert [one.name for one in done.fields] == ["items[1].amount", "items[0].amount", "items[1].description"]
    amounts = [
        {"amount": {"amount": "1.00", "currency": None}},
        {"amount": {"amount": "2.00", "currency": None}, "description": "x"},
    ]
    assert done.values["items"] == amounts


@pytest.mark.parametrize(
    ("node", "value"),
    [
        ({"type": "string", "format": "date"}, "2018-02-31"),
        ({"type": "string", "pattern": "^INV-"}, "4711"),
        ({"type": "integer"}, "2.5"),
        ({"type": "integer", "x-recto": {"kind": "id"}}, "W-9"),
        ({"type": "number"}, "NaN"),
        ({"type": "number", "maximum": 10}, "11"),
        ({"type": "boolean"}, "maybe"),
        ({"enum": ["a", "b"]}, "c"),
    ],
)
def test_what_breaks_a_rule_of_the_schema_is_kept_apart(node: JsonValue, value: str) -> None:
    done = assembled(schema_of({"thing": node, "other": TEXT}, "thing"), {"thing": value, "other": "x"})
    assert done.values == {"other": "x"}
    assert [one.value for one in done.unfit] == [value]
    assert done.missing == ("thing",)


def test_an_unfit_value_of_a_list_leaves_no_gap() -> None:
    schema = schema_of({"codes": {"type": "array", "items": {"type": "string", "pattern": "^[0-9]+$"}}})
    done = assembled(schema, {"codes[0]": "1", "codes[1]": "x", "codes[2]": "2"})
    assert done.values == {"codes": ["1", "2"]}
    assert [one.value for one in done.unfit] == ["x"]
    assert done.problems == ()


@pytest.mark.parametrize(
    ("node", "value", "written"),
    [
        ({"type": "number"}, "12.50", 12.5),
        ({"type": "number"}, "12", 12),
        ({"type": "integer"}, "12.00", 12),
        ({"type": "string", "x-recto": {"kind": "money"}}, "12.50", "12.50"),
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "false", False),
    ],
)
def test_shapes(node: JsonValue, value: str, written: JsonValue) -> None:
    done = assembled(schema_of({"thing": node}), {"thing": value})
    assert done.values == {"thing": written}
    assert type(done.values["thing"]) is type(written)


def test_null_and_empty_lists_where_the_schema_wants_something() -> None:
    optional: JsonValue = {"type": ["string", "null"]}
    line: JsonValue = {"type": "object", "properties": {"a": TEXT, "b": optional}, "required": ["a", "b"]}
    schema = schema_of(
        {
            "x": optional,
            "lines": {"type": "array", "items": line},
            "tags": {"type": "array", "items": TEXT},
            "y": optional,
        },
        "x",
        "lines",
        "tags",
    )
    assert assembled(schema, {}).values == {"x": None, "lines": [], "tags": []}
    done = assembled(schema, {"lines[0].a": "1"})
    assert done.values["lines"] == [{"a": "1", "b": None}]
    assert (done.missing, done.problems) == ((), ())


def test_what_lines_and_objects_lack_is_missing() -> None:
    line: JsonValue = {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]}
    seller: JsonValue = {"type": "object", "properties": {"name": TEXT, "place": TEXT}, "required": ["name"]}
    schema = schema_of({"lines": {"type": "array", "items": line}, "seller": seller})
    done = assembled(schema, {"lines[0].b": "1", "seller.place": "Ulm"})
    assert done.missing == ("lines[0].a", "seller.name")
    assert len(done.problems) == 2
    assert assembled(schema_of({"seller": seller}, "seller"), {}).missing == ("seller.name",)


def test_a_field_that_the_schema_hasnt_is_a_mistake_of_the_extractor() -> None:
    with pytest.raises(KeyError, match="no field colour"):
        assembled(load_schema("receipt"), {"colour": "red"})


def test_an_extraction_is_json_and_back() -> None:
    told = [
        *(found(*pair) for pair in RECEIPT.items()),
        found("net", "1", grounded=False),
        found("currency", "myr"),
    ]
    done = assemble(load_schema("receipt"), told, extractor="test", seconds=0.1)
    assert done.unfit
    assert done.checks
    assert extraction_from_json(done.to_json()) == done


NAMES = [
    "vendor",
    "date",
    "total",
    "currency",
    "items[0].amount",
    "items[4].quantity",
    "items[9].description",
    "number",
]


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(NAMES), st.text(max_size=8), st.floats(0, 1), st.booleans()), max_size=12
    )
)
def test_values_validate_exactly_where_there_are_no_problems(
    told: list[tuple[str, str, float, bool]],
) -> None:
    schema = load_schema("receipt")
    given_ = [found(name, value, sure, grounded=grounded) for name, value, sure, grounded in told]
    done = assemble(schema, given_, extractor="test", seconds=0)
    validator = Draft202012Validator(schema.json_schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert validator.is_valid(done.values) is not bool(done.problems)
    assert bool(done.problems) is bool(done.missing)
    assert all(one.grounded for one in done.fields)
