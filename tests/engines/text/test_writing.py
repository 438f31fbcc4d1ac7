import math

import pytest

from recto.documents.transcript import Finish
from recto.engines.text.writing import Written

WRITTEN = Written(
    '{"a":"bc"}', Finish.COMPLETE, 9, (1, 6, 7, 8, 10), tuple(map(math.log, (1, 0.9, 0.5, 0.4, 1)))
)


@pytest.mark.parametrize(
    ("start", "end", "chance"),
    [(6, 8, 0.2), (6, 7, 0.5), (7, 8, 0.4), (5, 7, 0.45), (0, 10, 0.18), (6, 6, 1.0)],
)
def test_a_value_is_as_likely_as_all_tokens_that_write_it(start: int, end: int, chance: float) -> None:
    assert WRITTEN.chance(start, end) == pytest.approx(chance)


def test_where_nobody_tells_nothing_is_known() -> None:
    assert Written("{}", Finish.COMPLETE, 0).chance(0, 1) is None
