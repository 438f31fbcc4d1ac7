"""`--format`: what `recto read` writes of a transcript."""

from enum import StrEnum


class Format(StrEnum):
    """What is written of a transcript."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    ALTO = "alto"
    PAGE = "page"
    HOCR = "hocr"
    PDF = "pdf"


IN_FOLDERS_ONLY = frozenset({Format.ALTO, Format.PAGE, Format.HOCR, Format.PDF})
"""Formats of which a document is a file of its own, so that they need `--out`."""
