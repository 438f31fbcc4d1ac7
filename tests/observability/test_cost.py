"""Cost: hours × price."""

import pytest

from recto.observability.cost import cost, cost_per_thousand, saved_share


@pytest.mark.parametrize(("seconds", "price", "wanted"), [(3600, 1.2, 1.2), (0, 1.2, 0.0), (3600, 0.0, None)])
def test_hours_times_price(seconds: float, price: float, wanted: float | None) -> None:
    assert cost(seconds, price) == wanted


def test_a_thousand_pages() -> None:
    assert cost_per_thousand(0.36, 10.0) == pytest.approx(1.0)
    assert cost_per_thousand(0.36, 0.0) is None


@pytest.mark.parametrize(("now", "before", "wanted"), [(1.0, 4.0, 0.75), (2.0, 1.0, -1.0), (1.0, 0.0, None)])
def test_what_is_saved(now: float, before: float, wanted: float | None) -> None:
    assert saved_share(now, before) == wanted
