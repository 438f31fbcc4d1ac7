"""Statistics: the mix by category and business type against the target, and what the labels hold. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import TypedDict, cast

from recto.datasets.example import Example

TARGET: Mapping[str, float] = {"receipt": 0.4, "invoice": 0.3, "contract": 0.3}
TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """One category: how many, its share of all, the share wanted (None outside the target), per split."""

    name: str
    documents: int
    share: float
    target: float | None
    by_split: dict[str, int]


@dataclass(frozen=True, slots=True)
class Lengths:
    """Characters per document with trusted text."""

    total: int
    smallest: int
    median: float
    largest: int


class StatisticsJson(TypedDict):
    """Statistics as JSON."""

    documents: int
    balanced: bool
    tolerance: float
    categories: list[dict[str, object]]
    businesses: dict[str, int]
    splits: dict[str, int]
    languages: dict[str, int]
    characters: dict[str, object] | None
    with_text: int
    with_lines: int
    with_fields: int
    with_group: int
    lines: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """What a Dataset consists of. `balanced`: each target category is within `tolerance` of its share."""

    documents: int
    balanced: bool
    tolerance: float
    categories: tuple[Part, ...]
    businesses: dict[str, int]
    splits: dict[str, int]
    languages: dict[str, int]
    characters: Lengths | None
    with_text: int
    with_lines: int
    with_fields: int
    with_group: int
    lines: int

    def to_json(self) -> StatisticsJson:
        """The documented JSON shape."""
        out = asdict(self)
        out["categories"] = list(out["categories"])
        return cast(StatisticsJson, out)


def measure(
    examples: Sequence[Example], target: Mapping[str, float] = TARGET, tolerance: float = TOLERANCE
) -> Statistics:
    """The Statistics of `examples`; shares of `target` that lie within `tolerance` count as met."""
    categories = _parts(examples, target)
    off = [abs(part.share - part.target) for part in categories if part.target is not None]
    return Statistics(
        documents=len(examples),
        balanced=bool(examples) and all(distance <= tolerance + 1e-9 for distance in off),
        tolerance=tolerance,
        categories=categories,
        businesses=_count(example.business for example in examples),
        splits=_count(example.split for example in examples),
        languages=_count(example.language for example in examples),
        characters=_lengths([len(example.text) for example in examples if example.text]),
        with_text=sum(example.text is not None for example in examples),
        with_lines=sum(bool(example.lines) for example in examples),
        with_fields=sum(bool(example.fields) for example in examples),
        with_group=sum(example.group is not None for example in examples),
        lines=sum(len(example.lines or ()) for example in examples),
    )


def _parts(examples: Sequence[Example], target: Mapping[str, float]) -> tuple[Part, ...]:
    counts = Counter(example.category for example in examples)
    names = list(target) + sorted(counts.keys() - target.keys(), key=lambda name: (-counts[name], name))
    return tuple(
        Part(
            name=name,
            documents=counts[name],
            share=counts[name] / len(examples) if examples else 0.0,
            target=target.get(name),
            by_split=_count(example.split for example in examples if example.category == name),
        )
        for name in names
    )


def _count(values: Iterable[str | None]) -> dict[str, int]:
    counts = Counter(value or "none" for value in values)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _lengths(lengths: Sequence[int]) -> Lengths | None:
    if not lengths:
        return None
    return Lengths(sum(lengths), min(lengths), float(median(lengths)), max(lengths))
