from recto.extraction.fields import Found
from recto.extraction.merging import merged


def found(name: str, value: str, page: int = 1, *, grounded: bool = True) -> Found:
    return Found(name, value, value, 0.9, page=page, box=None, grounded=grounded)


def test_lists_go_on_from_page_to_page() -> None:
    first = [found("items[0].amount", "1"), found("items[1].amount", "2"), found("party[0]", "A")]
    second = [found("items[0].amount", "3", 2), found("party[0]", "B", 2), found("party[1]", "C", 2)]
    third = [found("items[0].amount", "4", 3)]
    values, differences = merged([first, second, [], third])
    assert [(one.name, one.value) for one in values] == [
        ("items[0].amount", "1"), ("items[1].amount", "2"), ("party[0]", "A"),
        ("items[2].amount", "3"), ("party[1]", "B"), ("party[2]", "C"), ("items[3].amount", "4"),
    ]  # fmt: skip
    assert differences == []


def test_single_values_that_differ_are_told_and_all_are_there_to_choose_from() -> None:
    values, differences = merged([[found("total", "9.00")], [found("total", "12.00", 3)]])
    assert [one.value for one in values] == ["9.00", "12.00"]
    assert differences == ["pages 1, 3 name different values of total: the surest counts"]


def test_the_same_value_and_what_doesnt_stand_there_are_no_difference() -> None:
    same = [
        [found("total", "9.00")],
        [found("total", "9.00", 2)],
        [found("total", "7.00", 3, grounded=False)],
    ]
    assert merged(same)[1] == []
