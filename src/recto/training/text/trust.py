"""Trust: how sure a language model may be of its values, by what of them was right in validation documents.

Platt's scaling of the probabilities of a value's tokens. These documents have chosen the best model too, so
it is a little too good for others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from recto.engines.text.writing import Written
from recto.evaluation.fields.outcomes import judged_fields, outcome
from recto.extraction.fields import Extraction
from recto.extraction.grounding import Ground
from recto.extraction.leaves import leaves_of
from recto.extraction.ranker import Calibration, log_odds
from recto.extraction.schema import Schema
from recto.training.platt import scaled, smoothed
from recto.training.text.reading import Read

FEWEST = 12
"""Values: with fewer, probabilities stay as they are."""


def calibrated(schema: Schema, answers: Sequence[tuple[Read, Written]]) -> tuple[Calibration, int]:
    """The calibration by these answers, and by how many values it goes; 0 where it changes nothing."""
    judged = [one for read, written in answers for one in _judged(schema, read, written)]
    if len(judged) < FEWEST:
        return Calibration(), 0
    right = np.array([is_right for _, is_right in judged], float)
    odds = np.array([[log_odds(chance)] for chance, _ in judged])
    bias, (weight,) = scaled(odds, smoothed(right), np.array([1.0]))
    return Calibration(bias, weight), len(judged)


def _judged(schema: Schema, read: Read, written: Written) -> Iterator[tuple[float, bool]]:
    """How probable each value of the answer is that stands in the document, and whether it is right.

    Of what nobody labelled nobody knows. Values in items aren't judged.
    """
    fields, ground = read.example.fields or {}, Ground(schema, read.sheet)
    said = []
    for leaf in leaves_of(written.text).found:
        found, chance = ground.found(leaf, 1.0), written.chance(leaf.start, leaf.end)
        if found is not None and found.grounded and chance is not None:
            said.append(replace(found, confidence=chance))
    answer = Extraction(schema.name, "", {}, tuple(said))
    for spec in judged_fields(schema, [fields]):
        for one in outcome(schema, spec, fields, answer, (read.example.image, "", False)).said:
            yield one.confidence, one.right
