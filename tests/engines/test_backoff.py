"""Pauses between tries, and what a Retry-After asks for."""

from datetime import UTC, datetime

import pytest

from recto.engines.backoff import Backoff, retry_after_s

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "asked_s", "pause_s"),
    [
        (1, None, 1),
        (2, None, 2),
        (3, None, 4),
        (4, None, 5),
        (5, None, None),
        (1, 3, 3),
        (3, 2, 4),
        (1, 6, None),
    ],
)
def test_pauses_double_up_to_a_limit(failures: int, asked_s: float | None, pause_s: float | None) -> None:
    assert Backoff(attempts=5, first_s=1, longest_s=5).pause_s(failures, asked_s) == pause_s


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("7", 7),
        ("Wed, 25 Nov 2026 12:00:30 GMT", 30),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("soon", None),
    ],
)
def test_what_the_other_side_asks_for(header: str | None, seconds: float | None) -> None:
    assert retry_after_s(header, NOON) == seconds
