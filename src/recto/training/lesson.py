"""Lesson: what a training learnt from what, whichever way it went.

All have `kind`, `epochs` and `improved`; that much is asked of each by those who don't care for the way.
Those of engines have `before` and `after` (Scores on validation) and `best_epoch` as well.
"""

from typing import Annotated

from pydantic import Field

from recto.training.ctc.lesson import CtcLesson
from recto.training.lora.lesson import LoraLesson
from recto.training.tagging.lesson import TaggerLesson

Lesson = Annotated[CtcLesson | LoraLesson | TaggerLesson, Field(discriminator="kind")]
