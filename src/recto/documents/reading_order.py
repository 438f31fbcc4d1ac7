"""Reading order: lines → printed rows → text, with columns of prose read one after the other.

A row is what a person reads from left to right: a line belongs to the row whose centre it shares. Rows of
a table or a receipt stay together; columns are split only where both sides are prose.
"""

from collections.abc import Sequence

from recto.documents.transcript import Line

_SAME_ROW = 0.5  # of the smaller height: how far apart the centres of one row may be


def visual_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines grouped into printed rows, top to bottom, each row from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_centre):
        if rows and _belongs(line, rows[-1]):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.box[0]) for row in rows]


def text_of_rows(rows: Sequence[Sequence[Line]]) -> str:
    """One printed row per text line, its pieces joined by blanks."""
    return "\n".join(" ".join(line.text for line in row) for row in rows)


def _belongs(line: Line, row: Sequence[Line]) -> bool:
    row_centre = sum(_centre(other) for other in row) / len(row)
    row_height = sum(_height(other) for other in row) / len(row)
    return abs(_centre(line) - row_centre) < _SAME_ROW * min(_height(line), row_height)


def _centre(line: Line) -> float:
    return (line.box[1] + line.box[3]) / 2


def _height(line: Line) -> float:
    return line.box[3] - line.box[1]
