"""`--format`: what `recto extract` prints of an answer."""

from enum import StrEnum


class AnswerFormat(StrEnum):
    """What is printed of an answer."""

    JSON = "json"
    TABLE = "table"
