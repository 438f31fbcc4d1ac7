"""Findings: what the steps of a checkup find, each of them tried for real and told in a sentence."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from recto.documents.page import Image
from recto.errors import RectoError

State = Literal["ok", "failed", "skipped"]

FAULTS = (
    RectoError, RuntimeError, OSError, ValueError, TypeError, KeyError, AttributeError, ImportError,
    ArithmeticError, AssertionError, MemoryError,
)  # fmt: skip
"""What a step may raise: whatever a library that doesn't fit comes up with is a finding, too."""

SHOWN_TEXT = "TOTAL 18.99"
"""What is printed on the page that is read."""

_VERSIONS_HINT = (
    "constraints.txt has versions that work together: pip install -c constraints.txt 'recto[vlm]'"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one step found: `what` it was in a sentence, and the `hint` that says what to do about it."""

    name: str
    state: State
    what: str
    hint: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Skipped:
    """Why a step wasn't taken; no fault."""

    why: str
    hint: str = ""


def found(name: str, step: Callable[[], str | Skipped]) -> Finding:
    """Take a step, and what came of it."""
    started = time.perf_counter()
    try:
        told = step()
    except RectoError as error:
        where = f"{error.where}: " if error.where else ""
        return Finding(name, "failed", f"{where}{error.what}", error.hint, time.perf_counter() - started)
    except FAULTS as error:
        first = (str(error).strip().splitlines() or [""])[0]
        what = f"{type(error).__name__}: {first}"
        return Finding(name, "failed", what, _VERSIONS_HINT, time.perf_counter() - started)
    if isinstance(told, Skipped):
        return Finding(name, "skipped", told.why, told.hint)
    return Finding(name, "ok", told, seconds=time.perf_counter() - started)


def shown_page(text: str = SHOWN_TEXT) -> Image:
    """A page with one line of text in large print."""
    picture = PillowImage.new("RGB", (640, 480), "white")
    ImageDraw.Draw(picture).text((60, 180), text, fill="black", font=ImageFont.load_default(60))
    return np.asarray(picture, dtype=np.uint8)
