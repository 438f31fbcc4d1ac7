"""Which pages make a step: all of them once, of like lengths, found again by number alone."""

import random

import pytest

from recto.training.lora.order import parts, steps_of_epoch, steps_per_epoch

_RNG = random.Random(1)
LENGTHS = [_RNG.randint(100, 2000) for _ in range(103)]


def padded(steps: list[tuple[int, ...]]) -> float:
    """Computed tokens over real ones."""
    computed = sum(len(step) * max(LENGTHS[page] for page in step) for step in steps)
    return computed / sum(LENGTHS)


def test_each_page_once_an_epoch() -> None:
    steps = steps_of_epoch(LENGTHS, 8, seed=0, epoch=0)
    assert sorted(page for step in steps for page in step) == list(range(103))
    assert len(steps) == steps_per_epoch(103, 8) == 13


def test_seed_and_epoch_decide() -> None:
    assert steps_of_epoch(LENGTHS, 8, seed=5, epoch=3) == steps_of_epoch(LENGTHS, 8, seed=5, epoch=3)
    assert steps_of_epoch(LENGTHS, 8, seed=5, epoch=3) != steps_of_epoch(LENGTHS, 8, seed=5, epoch=4)
    assert steps_of_epoch(LENGTHS, 8, seed=5, epoch=3) != steps_of_epoch(LENGTHS, 8, seed=6, epoch=3)


def test_little_is_padding() -> None:
    assert padded(steps_of_epoch(LENGTHS, 8, seed=0, epoch=0)) < 1.15
    assert padded([tuple(range(at, min(at + 8, 103))) for at in range(0, 103, 8)]) > 1.4


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_parts_of_all_processes_are_the_step(ranks: int) -> None:
    pages = (9, 4, 7, 1, 3)
    mine = [parts(pages, 2, rank, ranks) for rank in range(ranks)]
    assert sorted(page for some in mine for part in some for page in part) == sorted(pages)
    assert all(len(part) <= 2 for some in mine for part in some)
