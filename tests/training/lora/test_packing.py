"""Pages one after the other have the losses, and give the gradients, of pages side by side."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from recto.engines.vlm.generating import Decoding, generate
from recto.engines.vlm.preparing import IGNORED, Batch
from recto.training.lora.course import Course
from recto.training.lora.loss import answer_loss
from recto.training.lora.packing import BY_PAGE, keep_attention_within_pages, packed
from recto.training.lora.pupil import Pupil, Weights
from recto.training.lora.recipe import LoraRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.sight import seeing
from recto.training.lora.together import Together
from recto.training.progress import Silent

from .conftest import Make, line_examples, recipe_of

RECIPE = recipe_of(dropout=0.0)
PAGES = (2, 0, 1)


@pytest.fixture
def pupil(make_pupil: Make) -> Iterator[Pupil]:
    """One whose adapters already say something."""
    made = make_pupil(RECIPE)
    torch.manual_seed(5)
    made.put({name: torch.randn_like(value) / 10 for name, value in made.weights().items()})
    with seeing(made.loaded):
        yield made


def unlike(pupil: Pupil, recipe: LoraRecipe = RECIPE) -> Samples:
    """Three pages whose answers have three lengths."""
    examples = line_examples(3)
    texts = [examples[0].text, f"{examples[1].text} " * 5, "7"]
    made = Samples(
        pupil.loaded, [replace(one, text=text) for one, text in zip(examples, texts, strict=True)], recipe
    )
    made.study(Silent())
    assert len(set(made.lengths)) == 3
    return made


def as_row(samples: Samples) -> Batch:
    return packed(samples.batch(PAGES), [samples.lengths[page] for page in PAGES], "sdpa")


def learnt(pupil: Pupil, batch: Batch) -> tuple[float, Weights]:
    """Loss and gradients."""
    model = pupil.loaded.model
    model.train()
    hidden = model.base_model(**batch.inputs, use_cache=False).last_hidden_state
    assert batch.labels is not None
    loss = answer_loss(hidden, batch.labels, model.get_output_embeddings())
    loss.backward()  # type: ignore[no-untyped-call]
    found = {name: weight.grad.clone() for name, weight in pupil.learning.items() if weight.grad is not None}
    for weight in pupil.learning.values():
        weight.grad = None
    return float(loss.detach()), found


@pytest.mark.parametrize("mode", ["base", "gundam"])
@pytest.mark.parametrize("cached", [True, False])
def test_losses_and_gradients_are_those_of_a_padded_batch(pupil: Pupil, mode: str, *, cached: bool) -> None:
    samples = unlike(pupil, recipe_of(dropout=0.0, mode=mode, cache_vision=cached))
    wanted, wanted_gradients = learnt(pupil, samples.batch(PAGES))
    keep_attention_within_pages(pupil.loaded)
    found, gradients = learnt(pupil, as_row(samples))
    assert found == pytest.approx(wanted, rel=1e-5)
    assert gradients.keys() == wanted_gradients.keys() and len(gradients) > 4
    for name, gradient in gradients.items():
        scale = float(wanted_gradients[name].abs().max())
        assert scale > 0
        torch.testing.assert_close(gradient, wanted_gradients[name], rtol=1e-4, atol=1e-4 * scale, msg=name)


def test_pages_dont_see_each_other(pupil: Pupil) -> None:
    """What stands in the first page changes nothing in the others; without borders it would."""
    samples = unlike(pupil)
    keep_attention_within_pages(pupil.loaded)
    row = as_row(samples)
    first = samples.lengths[PAGES[0]]
    ids = row.input_ids.clone()
    ids[0, first - 3 : first] = 200
    assert not torch.equal(ids, row.input_ids)
    changed = {**row.inputs, "input_ids": ids}
    model = pupil.loaded.model.eval()

    def rest(inputs: dict[str, object]) -> torch.Tensor:
        with torch.no_grad():
            hidden: torch.Tensor = model.base_model(**inputs, use_cache=False).last_hidden_state
        return hidden[0, first:]

    torch.testing.assert_close(rest(changed), rest({**row.inputs}))
    del changed["page_lengths"]
    assert not torch.allclose(rest(changed), rest({**row.inputs}), atol=1e-3)


def test_nothing_is_padding_and_all_is_learnt(pupil: Pupil) -> None:
    samples = unlike(pupil)
    batch, row = samples.batch(PAGES), as_row(samples)
    assert row.input_ids.shape == (1, sum(samples.lengths))
    assert int(row.attention_mask.sum()) == row.input_ids.numel()
    assert row.answer_tokens == batch.answer_tokens == samples.answer_tokens(PAGES)
    assert row.labels is not None and batch.labels is not None
    assert torch.equal(row.labels[row.labels != IGNORED], batch.labels[batch.labels != IGNORED])
    positions = row.inputs["position_ids"]
    assert isinstance(positions, torch.Tensor)
    assert positions[0].tolist() == [n for page in PAGES for n in range(samples.lengths[page])]


def test_flash_attention_is_told_where_pages_begin(pupil: Pupil) -> None:
    samples = unlike(pupil)
    lengths = [samples.lengths[page] for page in PAGES]
    inputs = packed(samples.batch(PAGES), lengths, "flash_attention_2").inputs
    starts = inputs["cu_seq_lens_q"]
    assert isinstance(starts, torch.Tensor) and starts.dtype == torch.int32
    assert starts.tolist() == [0, lengths[0], lengths[0] + lengths[1], sum(lengths)]
    assert torch.equal(torch.as_tensor(inputs["max_length_k"]), torch.tensor(max(lengths)))
    assert "page_lengths" not in inputs


def test_reading_is_what_it_was(pupil: Pupil) -> None:
    """With left padding, and a cache."""
    samples = unlike(pupil, recipe_of(dropout=0.0, mode="gundam"))
    pages, decoding = [samples.page(page) for page in PAGES], Decoding(max_new_tokens=8)
    pupil.loaded.model.eval()
    before = generate(pupil.loaded, pages, decoding)
    keep_attention_within_pages(pupil.loaded)
    assert pupil.loaded.model.config.text_config._attn_implementation == BY_PAGE
    assert generate(pupil.loaded, pages, decoding) == before


def test_a_step_learns_the_same_from_both(make_pupil: Make) -> None:
    losses, after = [], []
    for padding_free in (True, False):
        recipe = recipe_of(dropout=0.0, batch_pages=3, padding_free=padding_free)
        pupil = make_pupil(recipe)
        with seeing(pupil.loaded):
            course = Course(pupil, unlike(pupil, recipe), recipe, "adamw", Together())
            losses += [course.step(number, 3).loss for number in range(2)]
            after.append(course.gradient((0, 1, 2), 3))
    assert losses[:2] == pytest.approx(losses[2:], rel=1e-4)
    assert after[0] == pytest.approx(after[1], rel=1e-4)
    assert losses[1] != losses[0]
