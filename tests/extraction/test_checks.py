import pytest

from recto.extraction.checks import CHECKS, run_checks
from recto.extraction.fields import Check, Found
from recto.extraction.loading import load_schema, schema_from_json


def checked(name: str, values: dict[str, str], schema: str = "invoice") -> Check:
    fields = [Found(field, value, value, 0.9, 1, None) for field, value in values.items()]
    (check,) = (one for one in run_checks(load_schema(schema), fields) if one.name == name)
    return check


TWO_LINES = {"items[0].amount": "6.00", "items[1].amount": "4.00"}
ONE_LINE = {"items[0].quantity": "2", "items[0].unit_price": "15.50"}


@pytest.mark.parametrize(
    ("name", "values", "passed"),
    [
        ("lines_sum_to_net", {**TWO_LINES, "net": "10.00"}, True),
        ("lines_sum_to_net", {**TWO_LINES, "net": "10.02"}, True),
        ("lines_sum_to_net", {**TWO_LINES, "net": "10.03"}, False),
        ("lines_sum_to_net", {**TWO_LINES, "net": "8.40", "total": "10.00"}, True),
        ("lines_sum_to_net", {**TWO_LINES, "items[2].description": "x", "net": "10.00"}, None),
        ("lines_sum_to_net", TWO_LINES, None),
        ("lines_sum_to_net", {"net": "10.00"}, None),
        ("lines_multiply", {**ONE_LINE, "items[0].amount": "31.00"}, True),
        ("lines_multiply", {**ONE_LINE, "items[0].amount": "13.00"}, False),
        ("lines_multiply", ONE_LINE, None),
        ("net_plus_tax_is_total", {"net": "10.00", "tax": "1.90", "total": "11.90"}, True),
        ("net_plus_tax_is_total", {"net": "10.00", "tax": "1.90", "total": "11.93"}, False),
        ("net_plus_tax_is_total", {"net": "10.00", "tax": "1.93", "total": "11.95"}, True),
        ("net_plus_tax_is_total", {"net": "10.00", "tax": "1.91", "total": "11.95"}, True),
        ("net_plus_tax_is_total", {"net": "10.00", "tax": "1.90", "total": "11.95"}, False),
        ("net_plus_tax_is_total", {"net": "10.00", "total": "11.90"}, None),
        ("net_plus_tax_is_total", {"net": "10.00", "tax": "x", "total": "11.90"}, None),
        ("iban_checksum", {"iban": "DE89370400440532013000"}, True),
        ("iban_checksum", {"iban": "DE89370400440532013001"}, False),
        ("iban_checksum", {}, None),
        ("vat_number_checksum", {"vat_number": "DE136695976"}, True),
        ("vat_number_checksum", {"vat_number": "DE136695977"}, False),
        ("vat_number_checksum", {"vat_number": "PL1234567890"}, None),
        ("dates_in_order", {"date": "2018-03-05", "due_date": "2018-03-19"}, True),
        ("dates_in_order", {"date": "2018-03-05", "due_date": "2018-03-05"}, True),
        ("dates_in_order", {"date": "2018-03-05", "due_date": "2017-03-19"}, False),
        ("dates_in_order", {"date": "2018-03-05"}, None),
        ("currency_known", {"currency": "EUR"}, True),
        ("currency_known", {"currency": "EUX"}, False),
        ("currency_known", {}, None),
    ],
)
def test_checks_of_an_invoice(name: str, values: dict[str, str], passed: bool | None) -> None:
    check = checked(name, values)
    assert check.passed is passed
    assert check.detail


@pytest.mark.parametrize(
    ("name", "values", "passed"),
    [
        ("cash_less_total_is_change", {"cash": "101.00", "total": "31.00", "change": "70.00"}, True),
        ("cash_less_total_is_change", {"cash": "101.00", "total": "31.00", "change": "7.00"}, False),
        ("cash_less_total_is_change", {"cash": "101.00", "total": "31.00"}, None),
        (
            "net_plus_tax_is_total",
            {"net": "10.02", "tax": "0.00", "rounding": "-0.02", "total": "10.00"},
            True,
        ),
    ],
)
def test_checks_of_a_receipt(name: str, values: dict[str, str], passed: bool | None) -> None:
    assert checked(name, values, "receipt").passed is passed


def test_several_currencies_are_noticed() -> None:
    fields = [
        Found("net", "1", "1", 1, 1, None, currency="EUR"),
        Found("total", "2", "2", 1, 1, None, currency="USD"),
    ]
    outcomes = {check.name: check for check in run_checks(load_schema("invoice"), fields)}
    assert outcomes["one_currency"].passed is False
    assert outcomes["one_currency"].detail == "EUR, USD"


def test_only_checks_that_the_schema_allows_are_made() -> None:
    assert [check.name for check in run_checks(load_schema("contract"), [])] == ["dates_in_order"]
    assert [check.name for check in run_checks(load_schema("invoice"), [])] == [
        name for name in CHECKS if name != "cash_less_total_is_change"
    ]


def test_a_schema_of_the_users_own_is_checked_by_roles() -> None:
    amount = {"type": "number"}
    names = {"netto": amount, "mwst": amount, "gesamtbetrag": amount}
    schema = schema_from_json({"type": "object", "properties": names}, "s")
    fields = [
        Found(name, value, value, 1, 1, None) for name, value in zip(names, ("10", "2", "13"), strict=True)
    ]
    outcomes = {check.name: check.passed for check in run_checks(schema, fields)}
    assert outcomes["net_plus_tax_is_total"] is False
