"""Schemas by name, by file, and by pydantic model."""

import json
from pathlib import Path

import pytest
from jsonschema.validators import Draft202012Validator
from pydantic import JsonValue

from recto.errors import SchemaError
from recto.extraction.loading import load_schema, schema_from_json
from recto.extraction.roles import roles
from recto.extraction.schema import BUILT_IN

MODEL = """
from datetime import date
from decimal import Decimal
from typing import Literal
from pydantic import BaseModel

class Item(BaseModel):
    name: str
    price: Decimal
    qty: int | None

class Seller(BaseModel):
    name: str
    vatId: str | None = None

class Bill(BaseModel):
    invoiceNumber: str
    rechnungsdatum: date
    total: Decimal
    seller: Seller
    items: list[Item]
    paid: bool = False
    status: Literal["open", "paid"] | None

LIMIT = 3
"""


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_schemas(name: str) -> None:
    schema = load_schema(name)
    Draft202012Validator.check_schema(schema.json_schema)
    assert schema.name == name
    assert len(schema.digest) == 64
    assert any(spec.required for spec in schema.fields)
    for spec in schema.fields:
        assert spec.labels, spec.name
        assert spec.role == "" or spec.role in roles()


@pytest.mark.parametrize(
    ("schema", "label", "name"),
    [
        *(
            ("receipt", label, name)
            for label, name in {
                "company": "vendor",
                "date": "date",
                "address": "address",
                "total": "total",
            }.items()
        ),
        *(
            ("invoice", label, name)
            for label, name in {
                "invoice_number": "number",
                "invoice_date": "date",
                "seller": "vendor",
                "buyer": "buyer",
                "currency": "currency",
                "net_total": "net",
                "tax_total": "tax",
                "total": "total",
                "amount_due": "amount_due",
                "iban": "iban",
                "bic": "bic",
                "date_due": "due_date",
            }.items()
        ),
        *(
            ("contract", label, name)
            for label, name in {
                "party": "party",
                "effective_date": "effective_date",
                "jurisdiction": "governing_law",
                "term": "term",
            }.items()
        ),
        *(
            ("tax_form", label, name)
            for label, name in {
                "form": "form",
                "tax_year": "tax_year",
                "omb_number": "omb_number",
                "Name": "name",
                "BusinessName": "business_name",
                "CityStateZip": "city_line",
                "SSN": "ssn",
                "EIN": "ein",
                "SSN_ITIN": "ssn",
                "PayerTIN": "payer_tin",
                "FederalIncomeTaxWithheld": "federal_tax_withheld",
            }.items()
        ),
    ],
)
def test_labels_of_examples_have_their_field(schema: str, label: str, name: str) -> None:
    spec = load_schema(schema).field(label)
    assert spec is not None
    assert spec.name == name


def test_what_has_no_field() -> None:
    assert load_schema("receipt").field("Video Delivery?") is None


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "hotel.json"
    path.write_text(json.dumps({"type": "object", "properties": {"guest": {"type": "string"}}}), "utf-8")
    schema = load_schema(str(path))
    assert (schema.name, [spec.name for spec in schema.fields]) == ("hotel", ["guest"])


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "isn't JSON"),
        (b"[]", "must be an object"),
        (b"\xff\xfe", "isn't UTF-8"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 100_000, "isn't JSON"),
        (b"{}", "must be an object with properties"),
        (b" " * 1_000_001, "1,000,000 bytes"),
    ],
)
def test_files_that_are_no_schema(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "broken.json"
    path.write_bytes(content)
    with pytest.raises(SchemaError, match=told) as caught:
        load_schema(str(path))
    assert caught.value.where == str(path)


@pytest.mark.parametrize("name", ["recipt", "nothing.json", "", "a\0b", "."])
def test_no_such_schema(name: str) -> None:
    with pytest.raises(SchemaError) as caught:
        load_schema(name)
    assert "receipt" in caught.value.hint


def test_a_pydantic_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bills_of_ours.py").write_text(MODEL, "utf-8")
    monkeypatch.chdir(tmp_path)
    schema = load_schema("bills_of_ours:Bill")
    told = [
        (spec.name, spec.kind, spec.role, spec.shape, spec.required, spec.absent) for spec in schema.fields
    ]
    assert told == [
        ("invoiceNumber", "id", "number", "string", True, "leave out"),
        ("rechnungsdatum", "date", "date", "string", True, "leave out"),
        ("total", "money", "total", "string", True, "leave out"),
        ("seller.name", "text", "vendor", "string", True, "leave out"),
        ("seller.vatId", "id", "vat_number", "string", False, "leave out"),
        ("items", "items", "line_items", "string", False, "empty list"),
        ("paid", "flag", "", "boolean", False, "leave out"),
        ("status", "enum", "", "string", False, "null"),
    ]
    (items,) = (spec.items for spec in schema.fields if spec.kind == "items")
    assert [(spec.name, spec.kind, spec.role) for spec in items] == [
        ("name", "text", "description"),
        ("price", "money", "unit_price"),
        ("qty", "number", "quantity"),
    ]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no_such_module_here:Bill", "can't be imported"),
        ("json:Bill", "has no pydantic model"),
        (":Bill", "is no name of a module"),
        ("json:loads", "has no pydantic model"),
        ("..:X", "is no name of a module"),
    ],
)
def test_models_that_are_none(name: str, told: str) -> None:
    with pytest.raises(SchemaError, match=told):
        load_schema(name)


def test_the_digest_is_of_the_content() -> None:
    one = {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}}
    turned = {"properties": {"b": {"type": "string"}, "a": {"type": "string"}}, "type": "object"}
    other = {"type": "object", "properties": {"a": {"type": "string"}}}
    digests = [schema_from_json(json_schema, "s").digest for json_schema in (one, turned, other)]
    assert digests[0] == digests[1] != digests[2]


def test_numbers_that_json_doesnt_have() -> None:
    node: JsonValue = {"type": "number", "default": float("inf")}
    with pytest.raises(SchemaError, match="NaN or Infinity"):
        schema_from_json({"type": "object", "properties": {"a": node}}, "s")
