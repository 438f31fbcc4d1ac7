"""What training should take: the formula's bytes are those of the tensors that there are."""

import pytest
import torch

from recto.training.lora.course import Course
from recto.training.lora.footprint import expected
from recto.training.lora.optimisers import chosen_optimiser
from recto.training.lora.recipe import Method
from recto.training.lora.sight import seeing
from recto.training.lora.together import Together

from .conftest import Make, recipe_of, seen_by

MIB = 2**20


@pytest.mark.parametrize(
    ("method", "dtype"), [("lora", "float32"), ("lora", "bfloat16"), ("full", "bfloat16")]
)
def test_what_learns_takes_what_was_expected(make_pupil: Make, method: Method, dtype: str) -> None:
    recipe = recipe_of(method=method, dtype=dtype, dropout=0.0)
    pupil = make_pupil(recipe)
    optimiser, _ = chosen_optimiser("auto", "cpu")
    pages = seen_by(pupil, recipe)
    with seeing(pupil.loaded):
        course = Course(pupil, pages, recipe, optimiser, Together())
        course.step(0, 1)
        course.gradient(course._pages(1), 1)
        course._masters.take_gradients()
    masters = course._masters.weights
    copies = [master for name, master in masters.items() if master is not pupil.learning[name]]
    gradients = [master.grad for master in masters.values() if master.grad is not None]
    states = [
        value
        for state in course._optimiser.state.values()
        for value in state.values()
        if isinstance(value, torch.Tensor) and value.numel() > 1
    ]
    taken = sum(tensor.nbytes for tensor in [*copies, *gradients, *states])
    assert expected(pupil, recipe, optimiser, tokens=100).learnt_mb == pytest.approx(taken / MIB, rel=0.01)


def test_a_step_takes_more_with_more_tokens_and_without_checkpointing(make_pupil: Make) -> None:
    recipe = recipe_of()
    pupil = make_pupil(recipe)
    few, many = (expected(pupil, recipe, "adamw", tokens).step_mb for tokens in (100, 1000))
    all_kept = recipe.model_copy(update={"gradient_checkpointing": False})
    assert few < many < expected(pupil, all_kept, "adamw", 1000).step_mb
