"""Files in base64: piece by piece they are what they are in one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.serving.inline import PIECE, decoded


def test_pieces_are_put_together_again() -> None:
    data = bytes(range(256)) * (3 * PIECE // 256)
    assert decoded(base64.b64encode(data + b"end").decode()) == data + b"end"


@given(st.binary(max_size=60))
def test_all_that_is_base64_is_decoded(data: bytes) -> None:
    assert decoded(base64.b64encode(data).decode(), piece=8) == data


@given(st.text("AQg=*é\n", max_size=30))
def test_nothing_else_is(text: str) -> None:
    try:
        wanted = base64.b64decode(text, validate=True)
    except ValueError:
        with pytest.raises(ValueError):
            decoded(text, piece=4)
    else:
        assert decoded(text, piece=4) == wanted
