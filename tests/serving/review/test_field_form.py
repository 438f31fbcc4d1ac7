"""The form of fields: which inputs each kind of field gets, and what an empty row of a list is."""

from recto.corrections.consent import Consent
from recto.corrections.documents import ReviewDocument
from recto.datasets.example import JsonValue
from recto.serving.review.field_form import FieldInput, FieldRow, field_rows
from recto.workspace.utc import now


def rows(fields: dict[str, JsonValue], extraction: dict[str, JsonValue] | None = None) -> dict[str, FieldRow]:
    consent = Consent(True, True)
    found = ReviewDocument("0" * 64, "a.png", "receipt", None, now(), (), fields, "v", extraction, consent)
    return {row.name: row for row in field_rows(found)}


def labelled(row: FieldRow) -> list[tuple[str, str, str]]:
    assert not row.is_list
    return [(row.label_of(part), part.text, part.kind) for part in row.rows[0]]


def test_every_kind_of_field_has_its_inputs() -> None:
    found: dict[str, JsonValue] = {
        "date": "2023-01-01",
        "total": {"amount": "3.10", "currency": None},
        "paid": True,
        "count": 3,
        "seller": {"name": "A", "place": {"city": "B"}, "phones": ["1", "2"]},
    }
    told = rows({"date": "2024-01-01"}, {"values": found, "missing": ["number", "date"]})
    assert [one for row in told.values() for one in labelled(row)] == [
        ("date", "2024-01-01", "text"),
        ("total · amount", "3.10", "text"),
        ("total · currency", "", "text"),
        ("paid", "true", "boolean"),
        ("count", "3", "number"),
        ("seller · name", "A", "text"),
        ("seller · place · city", "B", "text"),
        ("seller · phones", '["1", "2"]', "json"),
        ("number", "", "text"),
    ]
    assert [name for name, row in told.items() if row.missing] == ["number"]
    assert rows({}) == {}


def test_a_list_has_rows_with_all_that_any_of_them_has() -> None:
    items: JsonValue = [
        {"name": "pen", "count": None},
        {"name": "ink", "count": 2, "price": {"amount": "3.10", "currency": None}},
    ]
    row = rows({"items": items})["items"]
    assert [[part.text for part in one] for one in row.rows] == [
        ["pen", "", "", ""],
        ["ink", "2", "3.10", ""],
    ]
    assert row.empty == (
        FieldInput(("name",), "", "text"),
        FieldInput(("count",), "", "number", or_null=True),
        FieldInput(("price", "amount"), "", "text", or_null=True),
        FieldInput(("price", "currency"), "", "text", or_null=True),
    )
    assert {part.kind for one in row.rows for part in one if part.path == ("count",)} == {"number"}


def test_lists_of_plain_values_of_lists_and_of_nothing() -> None:
    told = rows({"tags": ["a", "b"], "pairs": [[1, 2]], "none": []})
    assert told["tags"].rows[1] == (FieldInput((), "b", "text"),)
    assert told["pairs"].rows == ((FieldInput((), "[1, 2]", "json"),),)
    assert (told["none"].rows, told["none"].empty) == ((), (FieldInput((), "", "text"),))


def test_the_lists_of_a_built_in_schema_can_be_filled_though_nothing_was_found() -> None:
    told = rows({}, {"schema": "receipt", "values": {}, "missing": []})
    assert list(told) == ["items"]
    assert [".".join(part.path) for part in told["items"].empty] == [
        "description",
        "quantity",
        "unit_price.amount",
        "unit_price.currency",
        "amount.amount",
        "amount.currency",
    ]
    assert told["items"].rows == ()
    assert rows({}, {"schema": "somebody's own", "values": {}, "missing": []}) == {}
