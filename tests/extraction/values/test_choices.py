import pytest

from recto.extraction.values import kind_of
from recto.extraction.values.choices import choice_kind, find_flags, parse_flag


def test_an_enum_is_written_as_its_choices_are() -> None:
    kind = choice_kind(("Open", "Part-paid", "Paid"))
    assert [one.value for one in kind.find("Status: PAID (not unpaid), part-paid")] == ["Paid", "Part-paid"]
    assert kind.parse("part paid") == "Part-paid"
    assert kind.parse("closed") is None
    assert kind_of("enum", choices=("A", "B")).parse("b") == "B"


def test_choices_without_letters() -> None:
    assert choice_kind(("+", "-")).parse("-") == "-"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("selected", "true"),
        ("Ja", "true"),
        ("X", "true"),
        ("☒", "true"),
        ("[ x ]", "true"),
        ("unselected", "false"),
        ("Non", "false"),
        ("☐", "false"),
        ("[ ]", "false"),
        ("maybe", None),
        ("", None),
    ],
)
def test_flags(text: str, value: str | None) -> None:
    assert parse_flag(text) == value


def test_flags_of_a_line() -> None:
    line = "☒ yes ☐ no, xylophone [x] no."
    assert [one.value for one in find_flags(line)] == [
        "true",
        "true",
        "false",
        "false",
        "true",
    ]
