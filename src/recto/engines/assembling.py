"""A Transcript out of loose lines: visual rows, left to right, one printed row per line of text.

Both baseline engines end here, so that comparing them compares what they read, not in which order they
happened to say it. It finds no lines and corrects no text.
"""

from collections.abc import Sequence

from recto.documents.page import Page
from recto.documents.transcript import Finish, Line, Transcript

_SAME_ROW_OVERLAP = 0.5


def transcript(page: Page, lines: Sequence[Line], *, engine: str, seconds: float) -> Transcript:
    """What `engine` read on `page`: `lines` sorted into visual rows; no lines at all means a blank page."""
    rows = visual_rows(lines)
    return Transcript(
        document=page.document,
        page=page.number,
        width=page.width,
        height=page.height,
        text="\n".join(" ".join(line.text for line in row) for row in rows),
        lines=tuple(line for row in rows for line in row),
        engine=engine,
        finish=Finish.COMPLETE if rows else Finish.BLANK,
        seconds=seconds,
        sha256=page.sha256,
        dpi=page.dpi,
    )


def visual_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines grouped into printed rows, rows from top to bottom, each row from left to right.

    A line joins the row whose most recent line it overlaps vertically by half of the lower of the two.
    """
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda item: item.box[1] + item.box[3]):
        if rows and _vertical_overlap(rows[-1][-1], line) >= _SAME_ROW_OVERLAP:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda item: item.box[0]) for row in rows]


def _vertical_overlap(first: Line, second: Line) -> float:
    """Shared height as a share of the lower line's height, 0–1."""
    shared = min(first.box[3], second.box[3]) - max(first.box[1], second.box[1])
    lower = min(first.box[3] - first.box[1], second.box[3] - second.box[1])
    return max(shared, 0.0) / lower if lower > 0 else 0.0
