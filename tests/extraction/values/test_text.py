import pytest

from recto.extraction.values import kind_of


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [("ABC HO TRADING", "abc  ho trading.", True), ("Straße 1", "STRASSE 1", True), ("ﬁrm", "firm", True),
     ("A & B", "AB", True), ("ABC", "ABD", False)],
)  # fmt: skip
def test_texts_are_compared_by_letters_and_digits(a: str, b: str, same: bool) -> None:
    assert kind_of("text").same(a, b) is same


def test_a_line_is_a_text() -> None:
    line = "  ABC  HO TRADING "
    (one,) = kind_of("text").find(line)
    assert (line[one.start : one.end], one.value) == ("ABC  HO TRADING", "ABC HO TRADING")
    assert kind_of("text").find(" --- ") == []
