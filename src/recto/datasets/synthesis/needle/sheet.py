"""Sheet: a strip of paper that is printed from top to bottom, remembering each line's text and place.

Rows hold cells at the left, centre, right or a given x; a row is one printed row of the page's text.
"""

from dataclasses import dataclass

import numpy as np

from recto.datasets.synthesis.needle.typefaces import Ink, Rng, Typeface

_GROW_PX = 400


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text; `at` is the share of the printable width where it starts, or ends if `end`."""

    text: str
    at: float = 0.0
    end: bool = False


@dataclass(frozen=True, slots=True)
class Printed:
    """One line of text where it was printed: x0, y0, x1, y1 in pixels of the sheet, and its row."""

    text: str
    box: tuple[int, int, int, int]
    row: int


class Sheet:
    """Paper of `width_px` that grows while it is printed on; `height_px` fixes its length (A4)."""

    def __init__(self, width_px: int, margin_px: int, rng: Rng, *, height_px: int | None = None) -> None:
        self.margin_px = margin_px
        self.printed: list[Printed] = []
        self._rng = rng
        self._fixed_px = height_px
        self._y = margin_px
        self._row = 0
        self._ink = np.zeros((height_px or _GROW_PX, width_px), np.float32)

    @property
    def inner_px(self) -> int:
        """Printable width in pixels."""
        return int(self._ink.shape[1]) - 2 * self.margin_px

    @property
    def ink(self) -> Ink:
        """What is printed so far, 0–1, cut below the last row unless the height is fixed."""
        return self._ink if self._fixed_px else self._ink[: self._y + self.margin_px]

    @property
    def text(self) -> str:
        """Printed rows from top to bottom, cells joined by a blank."""
        rows: dict[int, list[Printed]] = {}
        for line in self.printed:
            rows.setdefault(line.row, []).append(line)
        return "\n".join(
            " ".join(line.text for line in sorted(row, key=lambda item: item.box[0])) for row in rows.values()
        )

    def fits(self, text: str, face: Typeface, share: float = 1.0) -> bool:
        """Whether `text` is at most `share` of the printable width."""
        return bool(face.ink(text, np.random.default_rng(0)).shape[1] <= share * self.inner_px)

    def centred(self, text: str, face: Typeface) -> None:
        """One row in the middle."""
        ink = face.ink(text, self._rng)
        self._stamp(text, ink, self.margin_px + (self.inner_px - ink.shape[1]) // 2)
        self._next_row(face.line_px)

    def row(self, face: Typeface, *cells: Cell) -> None:
        """One row of cells; a cell that would touch its left neighbour moves to a row of its own."""
        reached = -1
        for cell in (c for c in cells if c.text):
            ink = face.ink(cell.text, self._rng)
            x = self.margin_px + round(cell.at * self.inner_px) - (ink.shape[1] if cell.end else 0)
            x = max(min(x, self._ink.shape[1] - ink.shape[1] - 2), 2)
            if x <= reached + face.line_px // 2:
                self._next_row(face.line_px)
            self._stamp(cell.text, ink, x)
            reached = x + ink.shape[1]
        self._next_row(face.line_px)

    def rule(self, face: Typeface, *, dash_px: int = 0) -> None:
        """A drawn line across the sheet, dashed if `dash_px`; it is no text."""
        self._reserve(face.line_px)
        y = self._y + face.line_px // 3
        columns = np.arange(self.margin_px, self._ink.shape[1] - self.margin_px)
        if dash_px:
            columns = columns[columns // dash_px % 2 == 0]
        self._ink[y : y + 2, columns] = 1.0
        self._y += round(face.line_px * 0.7)

    def space(self, face: Typeface, rows: float = 1.0) -> None:
        """Leave some rows empty."""
        self._reserve(round(face.line_px * rows))
        self._y += round(face.line_px * rows)

    def _stamp(self, text: str, ink: Ink, x: int) -> None:
        self._reserve(ink.shape[0])
        height, width = ink.shape
        ink = ink[:, : self._ink.shape[1] - x]
        area = self._ink[self._y : self._y + height, x : x + width]
        np.maximum(area, ink, out=area)
        inked = np.flatnonzero((ink > 0.2).any(axis=1))
        top, bottom = (int(inked[0]), int(inked[-1]) + 1) if inked.size else (0, height)
        box = (max(x - 1, 0), max(self._y + top - 1, 0), x + ink.shape[1] + 1, self._y + bottom + 1)
        self.printed.append(Printed(text, box, self._row))

    def _next_row(self, height_px: int) -> None:
        self._y += height_px
        self._row += 1

    def _reserve(self, height_px: int) -> None:
        """Make room; a fixed sheet that is full is a mistake of the layout, not of the user."""
        missing = self._y + height_px + self.margin_px - self._ink.shape[0]
        if missing <= 0:
            return
        assert self._fixed_px is None, "the layout printed past the end of the page"
        self._ink = np.pad(self._ink, ((0, missing + _GROW_PX), (0, 0)))
