"""Answered: what a language model's answer says, each value looked for in what was read.

Whoever asked, and how, isn't known here.
"""

from recto.documents.transcript import Finish
from recto.engines.text.writing import Written
from recto.extraction.fields import Found
from recto.extraction.grounding import Ground
from recto.extraction.leaves import leaves_of
from recto.extraction.naming import spec_of
from recto.extraction.ranker import Calibration
from recto.extraction.schema import Schema
from recto.extraction.sheet import Sheet

UNKNOWN = 0.5
"""The confidence of a value where a server doesn't say how sure it was."""


def answered(
    schema: Schema, written: Written, sheet: Sheet, calibration: Calibration
) -> tuple[list[Found], list[str]]:
    """The values of an answer, grounded in the Sheet or told as ungrounded, and problems in words.

    A value's confidence is the probability of all its tokens, calibrated, times that of the lines it was
    read from.
    """
    answer = leaves_of(written.text)
    ground = Ground(schema, sheet)
    found = [
        ground.found(leaf, _sure(written.chance(leaf.start, leaf.end), calibration)) for leaf in answer.found
    ]
    strange = sorted({leaf.name for leaf in answer.found if spec_of(leaf.name, schema) is None})
    problems = []
    if written.finish is not Finish.COMPLETE:
        problems.append("the model's answer was cut: values may be missing")
    elif not answer.whole:
        problems.append("the model's answer isn't JSON to its end: values may be missing")
    if strange:
        problems.append(f"the model named what the schema hasn't: {', '.join(strange[:5])}")
    return [one for one in found if one is not None], problems


def _sure(chance: float | None, calibration: Calibration) -> float:
    return UNKNOWN if chance is None else calibration.of(chance, 0.0, known=False)
