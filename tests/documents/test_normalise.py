import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.documents.normalise import casefold, nfc, squeeze_whitespace


def test_nfc_makes_one_character_of_a_letter_and_its_accent():
    assert nfc("cafe\u0301") == "café"


@pytest.mark.parametrize(
    ("text", "folded"), [("STRASSE", "strasse"), ("Straße", "strasse"), ("E\u0301", "é"), ("İ", "i̇")]
)
def test_casefold(text, folded):
    assert casefold(text) == folded


@pytest.mark.parametrize(
    ("text", "squeezed"), [("", ""), (" \n", ""), ("a \r\n\t b", "a b"), ("\u00a0a\u2003b\u2028c ", "a b c")]
)
def test_squeeze_whitespace(text, squeezed):
    assert squeeze_whitespace(text) == squeezed


@given(st.text())
def test_each_step_is_done_after_once(text):
    for step in (nfc, squeeze_whitespace):
        assert step(step(text)) == step(text)
    assert unicodedata.is_normalized("NFC", casefold(text))
