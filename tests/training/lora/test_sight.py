"""A page that is seen once is learnt from as one whose pixels are seen each time."""

import io
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from recto.datasets.example import Example
from recto.engines.vlm.generating import Decoding, generate
from recto.engines.vlm.loading import Loaded
from recto.training.lora.loss import answer_loss
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.sight import seeing, sees_once
from recto.training.progress import Silent

from .conftest import line_examples, recipe_of


def examples() -> list[Example]:
    """A line, and a page that has tiles in the mode gundam."""
    found = line_examples(2)
    noise = np.random.default_rng(0).integers(0, 256, (800, 1600, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "PNG")
    return [found[0], replace(found[1], source=stream.getvalue())]


def losses(loaded: Loaded, recipe: VlmRecipe) -> Iterator[float]:
    made = Samples(loaded, examples(), recipe)
    made.study(Silent())
    with seeing(loaded) if sees_once(loaded, recipe) else nullcontext(), torch.no_grad():
        batch = made.batch((0, 1))
        hidden = loaded.model.base_model(**batch.inputs, use_cache=False).last_hidden_state
        assert batch.labels is not None
        yield float(answer_loss(hidden, batch.labels, loaded.model.get_output_embeddings()))
        found = generate(loaded, [made.page(1), made.page(0)], Decoding(max_new_tokens=6))
        yield float(sum(sum(one.logprobs) for one in found))


@pytest.mark.parametrize("mode", ["base", "gundam"])
def test_the_loss_and_the_reading_are_the_same(tiny_base: Loaded, mode: str) -> None:
    once, ever = recipe_of(mode=mode), recipe_of(mode=mode, cache_vision=False)
    assert sees_once(tiny_base, once)
    assert not sees_once(tiny_base, ever)
    assert list(losses(tiny_base, once)) == pytest.approx(list(losses(tiny_base, ever)), rel=1e-5)


def test_vision_layers_that_learn_see_each_time(tiny_base: Loaded) -> None:
    assert not sees_once(tiny_base, recipe_of(preset="all"))


def test_the_tower_is_put_back(tiny_base: Loaded) -> None:
    before = list(tiny_base.model.state_dict())
    with seeing(tiny_base):
        assert list(tiny_base.model.state_dict()) != before
    assert list(tiny_base.model.state_dict()) == before
