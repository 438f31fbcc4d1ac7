import json

import pytest

from recto.extraction.leaves import leaves_of

WHOLE = '{"a":"x\\n\\"y","b":null,"c":[1.5,true,"z"],"d":{"e":"ä"},"items":[{"f":"1"},{"f":null},{"f":"3"}]}'


def test_every_value_has_its_name_and_its_place() -> None:
    leaves = leaves_of(WHOLE)
    assert leaves.whole
    assert {leaf.name: leaf.said for leaf in leaves.found} == {
        "a": 'x\n"y', "c[0]": "1.5", "c[1]": "true", "c[2]": "z", "d.e": "ä", "items[0].f": "1",
        "items[2].f": "3",
    }  # fmt: skip
    for leaf in leaves.found:
        told = json.loads(WHOLE[leaf.start : leaf.end])
        assert leaf.said == (told if isinstance(told, str) else json.dumps(told))


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_wherever_it_is_cut_what_came_before_counts(end: int) -> None:
    leaves = leaves_of(WHOLE[:end])
    assert not leaves.whole
    assert leaves.found == leaves_of(WHOLE).found[: len(leaves.found)]
    assert len(leaves.found) == sum(leaf.end < end for leaf in leaves_of(WHOLE).found)


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[1]", '"text"', '```json\n{"a":1}', '{"a":1} and more', '{"a":1]', "{1:2}", '{"a" "b"}',
     '{"a":' * 5000, '{"a":' + "[" * 100_000],
)  # fmt: skip
def test_what_is_no_json_object_isnt_whole(text: str) -> None:
    assert not leaves_of(text).whole


def test_blanks_are_no_matter() -> None:
    leaves = leaves_of(' {\n "a" : "b" , "c" : [ ] } \n')
    assert leaves.whole and [leaf.said for leaf in leaves.found] == ["b"]
