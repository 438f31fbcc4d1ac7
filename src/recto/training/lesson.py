"""Lesson: what a training learnt from what, whichever way it went.

All have `kind`, `before` and `after` (Scores on validation), `epochs`, `best_epoch` and `improved`; that much
is asked of each by those who don't care for the way.
"""

from typing import Annotated

from pydantic import Field

from recto.training.ctc.lesson import CtcLesson
from recto.training.lora.lesson import LoraLesson

Lesson = Annotated[CtcLesson | LoraLesson, Field(discriminator="kind")]
