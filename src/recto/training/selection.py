"""Selection: which Examples are trained on, which choose the best epoch, and which only measure.

Test documents are frozen: one that also stands in train or val, by content or by group, stops everything.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from recto.datasets.example import Dataset, Example
from recto.datasets.pages import content_hash
from recto.datasets.splitting import place_of
from recto.errors import LeakageError, TrainingError

_VAL_SHARE = 0.1
_FEW_GROUPS = 20  # of fewer all but one are learnt from: chance may draw a third
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Usable:
    """What a way of learning needs of Examples: to learn from one, and to measure on it.

    `labels` is that in words; `hint` says how they come into a dataset.
    """

    teaches: Callable[[Example], bool]
    measures: Callable[[Example], bool]
    labels: str
    hint: str


WITH_TEXT = Usable(
    teaches=lambda example: bool(example.lines or example.text),
    measures=lambda example: example.text is not None,
    labels="trusted text",
    hint="give documents `text` (or `lines` of `text` and `box`) in their annotations",
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Examples by what they are for; `held_out` says that val was taken out of train."""

    train: tuple[Example, ...]
    val: tuple[Example, ...]
    test: tuple[Example, ...]
    held_out: bool


def select(dataset: Dataset, usable: Usable = WITH_TEXT, *, measured: bool = True) -> Selection:
    """The Examples that are `usable` for training and validation, and those for measuring.

    Raises TrainingError where one of the three is empty (test may be, if nothing is `measured`), and
    LeakageError.
    """
    test = tuple(filter(usable.measures, dataset.split("test")))
    if measured and not test:
        raise TrainingError(
            "no test documents to measure on",
            where=dataset.root,
            hint="make splits with: recto data split (test documents are never trained on)",
        )
    train = _teachable(dataset, dataset.split("train"), usable)
    refuse_leaks((*dataset.split("train"), *dataset.split("val")), test, dataset)
    refuse_leaks(dataset.split("train"), dataset.split("val"), dataset)
    val = tuple(filter(usable.teaches, dataset.split("val")))
    if val:
        return Selection(train, val, test, held_out=False)
    kept, taken = hold_out(train, dataset)
    return Selection(kept, taken, test, held_out=True)


def _teachable(dataset: Dataset, train: Sequence[Example], usable: Usable) -> tuple[Example, ...]:
    """The train Examples that say what is to be learnt."""
    if not train:
        hint = "make splits with: recto data split"
        raise TrainingError("no documents in split 'train'", where=dataset.root, hint=hint)
    teachable = tuple(filter(usable.teaches, train))
    if not teachable:
        raise TrainingError(
            f"none of {len(train)} train documents has {usable.labels}",
            where=dataset.root,
            hint=usable.hint,
        )
    return teachable


def hold_out(train: Sequence[Example], dataset: Dataset) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """About a tenth of the groups (or single documents), by hash: stable as data grows. Of few groups one."""
    keys = [f"group {e.group}" if e.group else f"document {content_hash(e)}" for e in train]
    groups = sorted(set(keys), key=_place)
    if len(groups) < 2:
        raise TrainingError(
            "one document (or group) is too little: one more is needed to choose the best epoch by",
            where=dataset.root,
            hint="add documents to train, or some with split val",
        )
    low = {key for key in groups if _place(key) < _VAL_SHARE}
    taken = low if low and len(groups) >= _FEW_GROUPS else {groups[0]}
    rows = list(zip(train, keys, strict=True))
    return tuple(e for e, k in rows if k not in taken), tuple(e for e, k in rows if k in taken)


def _place(key: str) -> float:
    """A number in [0, 1) of its own: the one that drew the splits has left the low ones to test and val."""
    return place_of(f"hold out {key}")


def refuse_leaks(taught: Sequence[Example], held: Sequence[Example], dataset: Dataset) -> None:
    """Raise LeakageError where a document held for measuring, or one of its group, would be trained on."""
    hashes = {content_hash(e): e for e in taught}
    groups = {e.group: e for e in taught if e.group}
    leaks = []
    for example in held:
        twin = hashes.get(content_hash(example)) or groups.get(example.group or "")
        if twin is not None:
            why = "the same group" if example.group and twin.group == example.group else "the same document"
            leaks.append(f"{twin.image} ({twin.split}) and {example.image} ({example.split}): {why}")
    if leaks:
        more = f"\n  … and {len(leaks) - _SHOWN} more" if len(leaks) > _SHOWN else ""
        listed = "\n  ".join(leaks[:_SHOWN])
        raise LeakageError(
            f"documents to measure on would be trained on:\n  {listed}{more}",
            where=dataset.root,
            hint="find them all with: recto data check",
        )
