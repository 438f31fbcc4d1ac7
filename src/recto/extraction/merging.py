"""Merging: what was found on each page alone, as what was found in the document.

Lists go on from page to page. Of a single value that several pages name, the surest stays (`assembly` chooses
it); that they differ is told.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from recto.extraction.fields import Found
from recto.extraction.naming import joined, split


def merged(pages: Sequence[Sequence[Found]]) -> tuple[list[Found], list[str]]:
    """The values of all pages, those of later pages' lists numbered on, and in words what pages differ in."""
    found: list[Found] = []
    lengths: dict[str, int] = defaultdict(int)
    for page in pages:
        found += [_numbered_on(one, lengths) for one in page]
        for listed, length in _lengths(page).items():
            lengths[listed] += length
    return found, _differences(found)


def _numbered_on(one: Found, before: Mapping[str, int]) -> Found:
    listed, index, within = split(one.name)
    if index is None or not before.get(listed):
        return one
    return replace(one, name=joined(listed, index + before[listed], within))


def _lengths(page: Sequence[Found]) -> dict[str, int]:
    lengths: dict[str, int] = defaultdict(int)
    for one in page:
        listed, index, _ = split(one.name)
        if index is not None:
            lengths[listed] = max(lengths[listed], index + 1)
    return lengths


def _differences(found: Sequence[Found]) -> list[str]:
    """Single values that stand on several pages, and aren't the same there."""
    places: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in found:
        if one.grounded and split(one.name)[1] is None:
            places[one.name][one.value].append(one.page)
    return [
        f"pages {', '.join(map(str, sorted(page for pages in values.values() for page in pages)))} "
        f"name different values of {name}: the surest counts"
        for name, values in places.items()
        if len(values) > 1
    ]
