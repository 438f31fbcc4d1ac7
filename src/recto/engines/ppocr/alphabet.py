"""The alphabet: which of the recogniser's 18,710 classes may be read, and how classes spell a text.

A page in a European script should never be read as 疗 or a full-width colon; a smaller alphabet is also
faster. Classes: 0 is the CTC blank, 1 … 18,708 the characters of the model, 18,709 the space.
"""

import unicodedata
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Script = Literal["any", "european"]

BLANK = 0
_EUROPEAN_LETTERS = ("LATIN ", "GREEK ", "CYRILLIC ", "MODIFIER LETTER ")
_EUROPEAN_SIGNS = frozenset("ªµºℓⁿÅ™")  # letters by their category, signs by their use
_CJK = ("CJK ", "HIRAGANA ", "KATAKANA ", "HANGUL ", "BOPOMOFO ", "IDEOGRAPHIC ", "FULLWIDTH ", "HALFWIDTH ")


def is_european(character: str) -> bool:
    """Letters of the Latin, Greek and Cyrillic scripts, digits, and every sign that isn't East Asian."""
    name = unicodedata.name(character[0], "")
    if unicodedata.category(character[0]).startswith("L") and character[0] not in _EUROPEAN_SIGNS:
        return name.startswith(_EUROPEAN_LETTERS)
    return not name.startswith(_CJK) and unicodedata.east_asian_width(character[0]) not in ("W", "F")


def allowed_classes(characters: list[str], script: Script) -> NDArray[np.int64]:
    """Class indices that may be read: the blank first, the space last. `characters` are classes 1, 2, …"""
    inside = [i + 1 for i, c in enumerate(characters) if script == "any" or is_european(c)]
    return np.array([BLANK, *inside, len(characters) + 1], np.int64)
