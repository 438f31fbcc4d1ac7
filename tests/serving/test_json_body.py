"""How many values a JSON body may hold, whatever its texts look like."""

import pytest

from recto.errors import RequestRefused
from recto.serving.json_body import MOST_BYTES, check_values

LONG = 3 * MOST_BYTES


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "' + b"a, [b], {c}: " * 100_000 + b'"}',
        b'{"text": "' + rb"\\ \" , \n " * 100_000 + b'"}',
        b'{"text": "' + b"x" * LONG,  # the end is missing
        b"[]," * (MOST_BYTES // 3),
    ],
)
def test_few_values_however_long(body: bytes) -> None:
    check_values(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":[' + b"[]," * LONG + b"1]}",
        b"1" * LONG,
        b'"",' * LONG,
        b'{"a' + b'":1,"b' * LONG + b'":1}',
        b"\\" * LONG,
    ],
)
def test_many_values(body: bytes) -> None:
    with pytest.raises(RequestRefused, match="too many values"):
        check_values(body)
