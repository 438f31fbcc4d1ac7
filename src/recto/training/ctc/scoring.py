"""How well lines are read during training.

Decoding uses the full head, so that a class that was left out of training would show if it won.
"""

from recto.training.ctc.decoding import LineReader
from recto.training.ctc.features import LabelledLines
from recto.training.progress import Score
from recto.training.scoring import compare


def score_lines(reader: LineReader, lines: LabelledLines) -> Score:
    """Read and compare all lines that have features."""
    readings = {reading.place: reading.text for reading in reader.read(lines.buckets)}
    places = sorted(readings)
    return compare(
        [readings[place] for place in places],
        [lines.labels[place] for place in places],
        [lines.case_blind[place] for place in places],
    )
