"""Charts: marks stand within the picture, the line goes through what was released, nothing gives nothing."""

from datetime import date, timedelta

import pytest

from recto.corrections.pace import Day
from recto.serving.review.chart import HEIGHT, WIDTH, day_bars, error_path
from recto.serving.review.loop import Turn
from recto.workspace.utc import now


def turn(number: int, before: float | None, after: float | None, release: int | None) -> Turn:
    return Turn(number, "released" if release else "refused", now(), [], before, after, [], release, None)


@pytest.mark.parametrize("counts", [[], [0, 0, 0], [1, 0, 4, 2]])
def test_bars_are_in_proportion_and_inside(counts: list[int]) -> None:
    bars = day_bars([Day(date(2026, 1, 30) + timedelta(days=i), count) for i, count in enumerate(counts)])
    assert [bar.count for bar in bars] == counts
    for bar in bars:
        assert bar.x >= 0 and bar.x + bar.width <= WIDTH
        assert bar.y >= 0 and bar.y + bar.height <= HEIGHT
    tall = {bar.count: bar.height for bar in bars}
    assert all(
        tall[count] == pytest.approx(tall[max(counts)] * count / max(counts), abs=0.1)
        for count in tall
        if any(counts)
    )


def test_the_line_goes_through_what_was_released() -> None:
    path = error_path(
        [turn(1, 0.2, 0.1, 1), turn(2, 0.1, 0.3, None), turn(3, 0.1, 0.05, 2), turn(4, None, None, None)]
    )
    assert path is not None
    assert [(point.name, point.rate, point.released) for point in path.points] == [
        ("before", 0.2, True),
        ("Release 1", 0.1, True),
        ("Cycle 2", 0.3, False),
        ("Release 2", 0.05, True),
    ]
    assert len(path.line.split()) == 3
    heights = [point.y for point in path.points]
    assert heights[2] < heights[0] < heights[1] < heights[3], "worse stands higher"
    assert all(0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT for point in path.points)


def test_where_nothing_was_measured_nothing_is_drawn() -> None:
    assert error_path([]) is None
    assert error_path([turn(1, None, None, None)]) is None
    assert error_path([turn(1, None, 0.0, 1)]) is not None, "no error at all is a measurement"
