"""`--format`: what `recto read` writes of a transcript."""

from enum import StrEnum


class Format(StrEnum):
    """What is written of a transcript."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
