"""What makes steps quick is used where it can be, told, and refused where it was asked for and can't."""

import pytest

from recto.errors import TrainingError
from recto.training.lora.recipe import Backend
from recto.training.lora.speed import chosen_means

from .conftest import recipe_of

PADDING = {
    "sdpa": ("auto", "deepseek-ocr-2", "sdpa", "transformers", True, "none, pages stand one after"),
    "flash": (
        True,
        "deepseek-ocr-2",
        "flash_attention_2",
        "transformers",
        True,
        "none, pages stand one after",
    ),
    "as set": (False, "deepseek-ocr-2", "sdpa", "transformers", False, "as set"),
    "eager": ("auto", "deepseek-ocr-2", "eager", "transformers", False, "attention eager knows no borders"),
    "another model": ("auto", "qwen3-vl", "sdpa", "transformers", False, "qwen3-vl isn't known"),
    "unsloth": ("auto", "deepseek-ocr-2", "sdpa", "unsloth", False, "the backend unsloth has"),
}


@pytest.mark.parametrize(
    ("asked", "architecture", "attention", "backend", "packed", "told"), PADDING.values(), ids=PADDING
)
def test_where_there_is_no_padding(
    asked: object, architecture: str, attention: str, backend: Backend, packed: object, told: str
) -> None:
    means = chosen_means(recipe_of(padding_free=asked), architecture, attention, backend)
    assert means.packed is packed
    assert len(means.why) == 1 and told in means.why[0]


@pytest.mark.parametrize(
    ("architecture", "attention", "backend"),
    [
        ("qwen3-vl", "sdpa", "transformers"),
        ("deepseek-ocr-2", "eager", "transformers"),
        ("deepseek-ocr-2", "sdpa", "unsloth"),
    ],
)
def test_what_was_asked_for_and_cant_be_is_an_error(
    architecture: str, attention: str, backend: Backend
) -> None:
    with pytest.raises(TrainingError, match="can't be free of padding"):
        chosen_means(recipe_of(padding_free=True), architecture, attention, backend)


@pytest.mark.parametrize("changed", [{"compile": True}, {"experts": "eager"}])
def test_another_backend_has_its_own_ways(changed: dict[str, object]) -> None:
    recipe = recipe_of(**changed)
    [name] = changed
    with pytest.raises(TrainingError, match=name):
        chosen_means(recipe, "deepseek-ocr-2", "sdpa", "unsloth")
    told = chosen_means(recipe, "deepseek-ocr-2", "sdpa", "transformers").why
    assert len(told) == 2 and told[1].startswith(name)
