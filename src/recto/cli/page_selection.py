"""`--pages 1-3,7,10-`: which pages of each document are meant."""

import re
from dataclasses import dataclass

_RANGE = re.compile(r"(\d+)(-)?(\d+)?")


@dataclass(frozen=True, slots=True)
class PageSelection:
    """Ranges of page numbers, from 1, both ends included; an open range ends at None."""

    ranges: tuple[tuple[int, int | None], ...] = ((1, None),)

    def of(self, page_count: int) -> list[int]:
        """The chosen pages of a document with `page_count` pages, in order."""
        return [number for number in range(1, page_count + 1) if self._has(number)]

    def _has(self, number: int) -> bool:
        return any(first <= number and (last is None or number <= last) for first, last in self.ranges)


ALL_PAGES = PageSelection()


def parse_pages(text: str) -> PageSelection:
    """The selection that `text` describes (`1-3,7,10-`). Raises ValueError."""
    ranges = []
    for part in text.replace(" ", "").split(","):
        found = _RANGE.fullmatch(part)
        first = int(found[1]) if found else 0
        last = (int(found[3]) if found[3] else None if found[2] else first) if found else 0
        if first < 1 or (last is not None and last < first):
            raise ValueError(f"{part!r} is no page or range of pages; an example: 1-3,7,10-")
        ranges.append((first, last))
    return PageSelection(tuple(ranges))
