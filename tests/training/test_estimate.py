"""Estimates: arithmetic, words, and a calibration that leaves nothing behind. How near they come is measured
by hand (docs/training.md): a test would measure the machine's other work."""

from dataclasses import replace
from pathlib import Path

import pytest

from recto.datasets.example import Example
from recto.documents.transcript import Line
from recto.errors import SettingsError
from recto.observability.cost import cost
from recto.training.cost import price_per_hour
from recto.training.ctc.recipe import CtcRecipe
from recto.training.estimate import Estimate, duration, held_against, in_words, typical, weight

ESTIMATE = Estimate(
    documents=60,
    train_count=2000,
    val_count=200,
    prepare_s=60.0,
    epoch_s=10.0,
    epochs=8,
    write_s=5.0,
    memory_mb=1536.0,
    calibration_s=4.0,
)


def example(name: str, lines: int, *, boxes: bool = False) -> Example:
    text = "\n".join(["word"] * lines)
    boxed = tuple(Line("word", (0.0, 0.0, 1.0, 1.0)) for _ in range(lines)) if boxes else None
    return Example(source=Path(name), image=name, text=text, category="receipt", lines=boxed)


def test_all_epochs_or_some() -> None:
    assert ESTIMATE.total_s() == 145.0
    assert ESTIMATE.total_s(3) == 95.0


def test_in_words() -> None:
    words = in_words(ESTIMATE, lambda seconds: cost(seconds, 3.6))
    assert "2000 lines to learn from and 200 to choose by, 2 min 25 s and 1.5 GiB of memory" in words
    assert "at a cost of 0.145" in words
    assert "cost" not in in_words(replace(ESTIMATE, memory_mb=None))


def test_held_against_what_it_took() -> None:
    words = held_against(ESTIMATE, 114.0, 3, 1024.0)
    assert (
        words == "Estimated: 1 min 35 s for 3 epochs and 1.5 GiB; it took 1 min 54 s and 1.0 GiB (+20% time)."
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3720, "1 h 02 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_typical_pages_are_neither_the_first_nor_the_longest() -> None:
    examples = [example(f"{n}.png", n) for n in (1, 90, 5, 7, 6, 8)]
    assert [e.image for e in typical(examples, 1)] == ["7.png"]
    assert [e.image for e in typical(examples, 3)] == ["5.png", "7.png", "90.png"]
    assert len(typical(examples, 9)) == 6


def test_the_weight_of_a_page_grows_with_its_lines() -> None:
    assert weight(example("a", 10)) == weight(example("b", 10, boxes=True)) < weight(example("c", 11))


@pytest.mark.parametrize(
    ("recipe", "said", "price"),
    [(2.5, "1.0", 1.0), (2.5, "", 2.5), (0.0, "1.5", 1.5), (0.0, "", 0.0), (0.0, None, 0.0)],
)
def test_the_price(monkeypatch: pytest.MonkeyPatch, recipe: float, said: str | None, price: float) -> None:
    monkeypatch.delenv("RECTO_PRICE_PER_HOUR", raising=False)
    if said is not None:
        monkeypatch.setenv("RECTO_PRICE_PER_HOUR", said)
    assert price_per_hour(CtcRecipe(price_per_hour=recipe)) == price
    assert price_per_hour(CtcRecipe(price_per_hour=recipe), 4.0) == (float(said) if said else 4.0)


@pytest.mark.parametrize("said", ["much", "-1", "inf", "nan"])
def test_what_is_no_price(monkeypatch: pytest.MonkeyPatch, said: str) -> None:
    monkeypatch.setenv("RECTO_PRICE_PER_HOUR", said)
    with pytest.raises(SettingsError, match="no price"):
        price_per_hour(CtcRecipe())


def test_no_price_no_cost() -> None:
    assert cost(3600, 0.0) is None
    assert cost(1800, 1.2) == pytest.approx(0.6)
