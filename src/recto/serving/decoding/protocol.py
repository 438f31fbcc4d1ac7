"""What the service and a process that decodes say to each other: JSON with its length in front, then pixels.

Nothing is pickled: a file that takes such a process over can say no more than this module understands.
"""

import json
import struct
from collections.abc import Mapping
from typing import TypedDict

from recto.errors import DocumentError

HEAD = struct.Struct(">I")
"""In front of each message: its length in bytes."""

READY = "ready"

OVER_MEMORY = 77
"""So a process ends that met the limit of its memory."""

WORDS = 2_000
"""Characters of a text in an error, at most."""


class Order(TypedDict):
    """What is asked: page `number` from 1, or 0 for the opening alone; a new file comes with `fresh`.

    `forget` closes the file, and nothing is answered to it.
    """

    name: str
    number: int
    max_pages: int
    fresh: bool
    forget: bool


class Setup(TypedDict):
    """What holds for the whole life of a process."""

    max_bytes: int
    max_pixels: int
    dpi: float
    page_s: float
    memory_bytes: int


def packed(message: Mapping[str, object]) -> bytes:
    """The message with its length in front."""
    body = json.dumps(message, allow_nan=False).encode("ascii")
    return HEAD.pack(len(body)) + body


def problem_of(error: DocumentError) -> dict[str, object]:
    """The error as JSON values, its texts cut where they are absurdly long."""
    where = error.where and error.where[:WORDS]
    return {
        "kind": type(error).__name__,
        "what": error.what[:WORDS],
        "where": where,
        "hint": error.hint[:WORDS],
    }
