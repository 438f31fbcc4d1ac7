"""What is taught: exactly text and end, on the very pixels that reading sees; mistakes name the document."""

from dataclasses import replace

import pytest
import torch

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import IGNORED, prepare
from recto.engines.vlm.tasks import Task, prompt_of
from recto.errors import DocumentError, TrainingError
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.sight import bytes_of, seen
from recto.training.progress import Silent

from ...conftest import Make as MakePdf
from .conftest import line_examples, recipe_of

UNSEEN = recipe_of(cache_vision=False)


def samples(loaded: Loaded, examples: list[Example], recipe: VlmRecipe = UNSEEN) -> Samples:
    made = Samples(loaded, examples, recipe)
    made.study(Silent())
    return made


def test_text_and_end_are_supervised_and_nothing_else(tiny_base: Loaded) -> None:
    examples = line_examples(3)
    examples[1] = replace(examples[1], text="Größe\n<td>7</td> <image> 😀")
    batch = samples(tiny_base, examples).batch((2, 0, 1))
    assert batch.labels is not None
    for row, ids, number in zip(batch.labels, batch.input_ids, (2, 0, 1), strict=True):
        kept = row != IGNORED
        assert torch.equal(row[kept], ids[kept])
        told = tiny_base.tokenizer.decode(row[kept])
        assert told == f"{examples[number].text}{tiny_base.architecture.end}"
        start = int(kept.nonzero()[0])
        assert kept[start : start + int(kept.sum())].all()


def test_pixels_and_prompt_are_those_of_reading(tiny_base: Loaded) -> None:
    examples = line_examples(2)
    batch = samples(tiny_base, examples).batch((0, 1))
    prompt = prompt_of(tiny_base.architecture, Task.TEXT)
    read = [prepare(tiny_base, open_example(example).image, prompt, "base") for example in examples]
    assert torch.equal(
        batch.inputs["pixel_values"], torch.cat([page.pixels["pixel_values"] for page in read])
    )  # type: ignore[arg-type]
    for row, page in zip(batch.input_ids, read, strict=True):
        assert torch.equal(row[: page.prompt_tokens], page.input_ids)


def test_lengths_are_those_of_the_batch(tiny_base: Loaded) -> None:
    made = samples(tiny_base, line_examples(2))
    batch = made.batch((0, 1))
    assert batch.attention_mask.sum(1).tolist() == made.lengths
    assert batch.answer_tokens == made.answer_tokens((0, 1))


def test_a_page_of_a_pdf(tiny_base: Loaded, make_pdf: MakePdf) -> None:
    pdf = make_pdf(3)
    pages = [Example("letter.pdf", pdf, f"page {n}", "letter", page=n) for n in (1, 3)]
    batch = samples(tiny_base, pages).batch((0, 1))
    first, third = batch.inputs["pixel_values"]
    assert not torch.equal(first, third)


def test_a_page_that_takes_too_many_tokens_is_named(tiny_base: Loaded) -> None:
    examples = line_examples(2)
    examples[1] = replace(examples[1], text="word " * 200, page=4)
    with pytest.raises(
        TrainingError, match=r"line_1.png, page 4: takes \d+ tokens, more than max_tokens: 400"
    ):
        samples(tiny_base, examples, recipe_of(cache_vision=False, max_tokens=400))


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_page_without_text_is_named(tiny_base: Loaded, text: str) -> None:
    with pytest.raises(TrainingError, match=r"line_0\.png: has no text"):
        samples(tiny_base, [replace(line_examples(1)[0], text=text)])


def test_a_broken_page_is_named(tiny_base: Loaded) -> None:
    examples = line_examples(2)
    assert isinstance(examples[1].source, bytes)
    examples[1] = replace(examples[1], source=examples[1].source[:200])
    with pytest.raises(DocumentError, match=r"line_1\.png"):
        samples(tiny_base, examples)


def test_what_has_no_room_is_seen_again(tiny_base: Loaded) -> None:
    examples, recipe = line_examples(2), recipe_of()
    made = Samples(tiny_base, examples, recipe)
    page = prepare(tiny_base, open_example(examples[0]).image, prompt_of(tiny_base.architecture, Task.TEXT))
    made.study(Silent(), room=bytes_of(seen(tiny_base, page)))
    kept = Samples(tiny_base, examples, recipe)
    kept.study(Silent())
    for number in (0, 1):
        assert torch.equal(made.page(number).pixels["pixel_values"], kept.page(number).pixels["pixel_values"])
    assert made.page(0) is made.page(0)
    assert made.page(1) is not made.page(1)
