"""A Transcript out of loose lines: visual rows, left to right, one printed row per line of text.

Both baseline engines end here, so that comparing them compares what they read, not in which order they
happened to say it. It finds no lines and corrects no text.
"""

from collections.abc import Sequence

from recto.documents.page import Page
from recto.documents.reading_order import text_of_rows, visual_rows
from recto.documents.transcript import Finish, Line, Transcript


def transcript(page: Page, lines: Sequence[Line], *, engine: str, seconds: float) -> Transcript:
    """What `engine` read on `page`: `lines` sorted into visual rows; no lines at all means a blank page."""
    rows = visual_rows(lines)
    return Transcript(
        document=page.document,
        page=page.number,
        width=page.width,
        height=page.height,
        text=text_of_rows(rows),
        lines=tuple(line for row in rows for line in row),
        engine=engine,
        finish=Finish.COMPLETE if rows else Finish.BLANK,
        seconds=seconds,
        sha256=page.sha256,
        dpi=page.dpi,
    )
