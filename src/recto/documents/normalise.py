"""Text normalisation: three pure steps, so that everybody compares texts in the same way.

It changes how texts are compared, never what a Transcript stores.
"""

import unicodedata


def nfc(text: str) -> str:
    """The text in Unicode normal form C, where "é" is one character however it was typed (UAX #15)."""
    return unicodedata.normalize("NFC", text)


def casefold(text: str) -> str:
    """The text without case, in NFC ("Straße" and "STRASSE" become equal).

    Folding can undo the normal form, so that it is composed again afterwards.
    """
    return nfc(nfc(text).casefold())


def squeeze_whitespace(text: str) -> str:
    """The text with each run of white space, line breaks included, as one blank; none at the ends."""
    return " ".join(text.split())
