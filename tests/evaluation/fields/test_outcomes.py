"""Outcomes: which labels are meant, and what counts as right and as exact."""

import pytest

from recto.datasets.example import JsonValue
from recto.evaluation.fields.outcomes import Outcome, judged_fields, outcome
from recto.extraction.fields import Extraction, Found
from recto.extraction.loading import load_schema
from recto.extraction.schema import FieldSpec

RECEIPT, CONTRACT = load_schema("receipt"), load_schema("contract")
WHO = ("a.jpg", "shop", False)


def found(name: str, value: str, printed: str = "") -> Found:
    return Found(name, value, printed or value, 0.9, 1, None)


def judge(name: str, labels: dict[str, JsonValue], *said: Found) -> Outcome:
    schema = CONTRACT if name == "party" else RECEIPT
    spec = schema.field(name)
    assert isinstance(spec, FieldSpec)
    return outcome(schema, spec, labels, Extraction(schema.name, "x", {}, said), WHO)


@pytest.mark.parametrize(
    ("name", "label", "said", "right", "exact"),
    [
        ("date", "09/01/2019", found("date", "2019-01-09", "09/01/2019"), 1, 1),
        ("date", "9 Jan 2019", found("date", "2019-01-09", "09/01/2019"), 1, 0),
        ("date", "2019-01-09", found("date", "2019-01-09", "09/01/2019"), 1, 1),
        ("date", "10/01/2019", found("date", "2019-01-09"), 0, 0),
        ("date", "09/01/2019", found("date", "2019-09-01", "09/01/2019"), 1, 1),
        ("vendor", "ABC", found("vendor", "ABCD", "ABC"), 0, 0),
        ("total", "RM 31.00", found("total", "31.00", "31.00"), 1, 0),
        ("total", {"amount": "31.00", "currency": "MYR"}, found("total", "31.00"), 1, 1),
        ("total", 31, found("total", "31.00"), 1, 0),
        ("total", "31.10", found("total", "31.00"), 0, 0),
        ("vendor", "ABC HO TRADING", found("vendor", "Abc Ho Trading."), 1, 0),
        ("vendor", "ABC  HO\nTRADING", found("vendor", "ABC HO TRADING"), 1, 1),
        ("vendor", "ABC", found("vendor", "ABCD"), 0, 0),
    ],
)
def test_right_and_exact(name: str, label: JsonValue, said: Found, right: int, exact: int) -> None:
    one = judge(name, {name: label}, said)
    assert (one.right, one.exact) == (right, exact)
    assert one.is_whole == bool(right)


def test_labels_may_have_other_names() -> None:
    one = judge("vendor", {"company": "ABC", "total": "1.00"}, found("vendor", "ABC"))
    assert one.wanted == ("ABC",) and one.right == 1


@pytest.mark.parametrize("label", [None, "", "  ", [], {}])
def test_an_empty_label_wants_nothing(label: JsonValue) -> None:
    one = judge("total", {"total": label})
    assert one.wanted == () and one.is_whole
    assert not judge("total", {"total": label}, found("total", "1.00")).is_whole


def test_one_value_under_two_names_is_wanted_once() -> None:
    assert judge("total", {"total": "31.00", "total_amount": "31.00 RM"}).wanted == ("31.00",)


def test_lists_are_judged_value_by_value() -> None:
    labels: dict[str, JsonValue] = {"party": ["Acme Corp", "Other Ltd"]}
    said = [
        found(f"party[{place}]", value) for place, value in enumerate(("ACME CORP", "Acme Corp", "No One"))
    ]
    one = judge("party", labels, *said)
    assert [value.right for value in one.said] == [True, False, False]  # said twice is wrong once
    assert one.wanted == ("Acme Corp", "Other Ltd") and not one.is_whole


def test_only_fields_that_somebody_labels_are_judged() -> None:
    specs = judged_fields(RECEIPT, [{"company": "A", "colour": "red"}, {"date": None}])
    assert [spec.name for spec in specs] == ["vendor", "date"]
