"""The score that chooses the best: the same however many pages are read at once."""

from dataclasses import replace

import pytest

from recto.datasets.example import Example
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.sight import seeing
from recto.training.lora.together import Together
from recto.training.lora.trial import PageTrial
from recto.training.progress import Score, Silent

from .conftest import Make, line_examples, recipe_of

RECIPE = recipe_of(max_new_tokens=200)


def pages_of_many_lengths() -> list[Example]:
    """The longest answer is many times the shortest."""
    lines = line_examples(4)
    return [replace(line, text=(line.text or "")[:n]) for line, n in zip(lines, (1, 3, 9, 25), strict=True)]


@pytest.fixture
def trial(make_pupil: Make) -> PageTrial:
    return trial_of(make_pupil, RECIPE)


def trial_of(make_pupil: Make, recipe: VlmRecipe) -> PageTrial:
    """Of a model that knows nothing, and writes until it is cut."""
    loaded = make_pupil(recipe).loaded
    samples = Samples(loaded, pages_of_many_lengths(), recipe)
    samples.study(Silent())
    return PageTrial(loaded, samples, recipe, Together())


def score(trial: PageTrial, at_once: int) -> Score:
    with seeing(trial.loaded):
        return trial.score(at_once)


def test_pages_together_score_as_each_alone(trial: PageTrial) -> None:
    alone = score(trial, 1)
    assert alone.errors > 0
    assert [score(trial, at_once) for at_once in (2, 3, 4)] == [alone] * 3
