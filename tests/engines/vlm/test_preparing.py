"""The one preprocessing: prompt tokens, pixels that don't depend on company, padding and labels."""

import numpy as np
import pytest
import torch
import transformers
from PIL import Image as PillowImage

from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import IGNORED, answer_ids, end_id, gather, pad_id, prepare
from recto.engines.vlm.tasks import Task, framed, prompt_of
from recto.errors import EngineError

from ...tiny import page_image


def test_a_prompt_is_the_beginning_the_picture_and_the_words(tiny_base: Loaded) -> None:
    prompt = prompt_of(tiny_base.architecture, Task.TEXT)
    item = prepare(tiny_base, page_image(), prompt)
    tokenizer = tiny_base.tokenizer
    image = tokenizer.convert_tokens_to_ids("<image>")
    assert int(item.input_ids[0]) == tokenizer.bos_token_id
    assert (item.input_ids[1:258] == image).all()
    assert int((item.input_ids == image).sum()) == item.mode.vision_tokens(*item.size) == 257
    assert tokenizer.decode(item.input_ids[258:]) == "\nFree OCR."
    assert (item.mode.name, item.size, item.prompt_tokens) == ("base", (400, 300), len(item.input_ids))


@pytest.mark.parametrize(
    ("mode", "size"), [("base", (400, 300)), ("gundam", (400, 300)), ("gundam", (900, 700))]
)
def test_inputs_are_those_of_the_real_processor(tiny_base: Loaded, mode: str, size: tuple[int, int]) -> None:
    """Prompt and pixels, bit for bit; the processor of transformers is the judge."""
    page = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), np.uint8)
    prompt = prompt_of(tiny_base.architecture, Task.MARKDOWN)
    item = prepare(tiny_base, page, prompt, mode)
    real = transformers.DeepseekOcr2Processor(
        transformers.DeepseekOcr2ImageProcessorPil(), tiny_base.tokenizer
    )
    made = real(images=PillowImage.fromarray(page), text=prompt, return_tensors="pt", **item.mode.options)
    assert torch.equal(made["input_ids"][0], item.input_ids)
    assert set(item.pixels) == set(made) - {"input_ids", "attention_mask", "token_type_ids"}
    assert all(torch.equal(item.pixels[name], made[name]) for name in item.pixels)


def test_training_sees_what_reading_sees_bit_for_bit(tiny_base: Loaded) -> None:
    """Alone, in a batch, with an answer or without: pixels and prompt are the same."""
    prompt = prompt_of(tiny_base.architecture, Task.TEXT)
    items = [prepare(tiny_base, page_image(text, 900, 800), prompt, "gundam") for text in ("one", "two")]
    answers = [answer_ids(tiny_base, text) for text in ("one", "twenty-two")]
    reading = gather(items, pad="left", loaded=tiny_base)
    training = gather(items, answers, pad="right", loaded=tiny_base)
    for name in ("pixel_values", "pixel_values_local", "num_local_patches"):
        read, taught = reading.inputs[name], training.inputs[name]
        assert isinstance(read, torch.Tensor)
        assert isinstance(taught, torch.Tensor)
        assert torch.equal(read, taught)
        assert torch.equal(read, torch.cat([item.pixels[name] for item in items]))
    tokens = items[0].prompt_tokens
    assert torch.equal(reading.input_ids, training.input_ids[:, :tokens])


def test_padding_is_left_for_reading_and_right_for_training(tiny_base: Loaded) -> None:
    short, long = (framed(tiny_base.architecture, words) for words in ("A.", "A much longer question?"))
    items = [prepare(tiny_base, page_image(), prompt) for prompt in (short, long)]
    gap = items[1].prompt_tokens - items[0].prompt_tokens
    reading = gather(items, pad="left", loaded=tiny_base)
    assert reading.labels is None
    assert (reading.input_ids[0, :gap] == pad_id(tiny_base)).all()
    assert reading.attention_mask.sum(dim=1).tolist() == [item.prompt_tokens for item in items]
    training = gather(items, [answer_ids(tiny_base, "x")] * 2, pad="right", loaded=tiny_base)
    assert (training.input_ids[0, -gap:] == pad_id(tiny_base)).all()
    assert training.attention_mask[0, -gap:].sum() == 0


def test_only_answers_are_learnt_and_they_end(tiny_base: Loaded) -> None:
    texts = ["TOTAL 18.99", "Größe 12,50 €\nzweite Zeile"]
    prompt = prompt_of(tiny_base.architecture, Task.TEXT)
    items = [prepare(tiny_base, page_image(), prompt) for _ in texts]
    batch = gather(items, [answer_ids(tiny_base, text) for text in texts], pad="right", loaded=tiny_base)
    assert batch.labels is not None
    for row, text in zip(batch.labels, texts, strict=True):
        learnt = row[row != IGNORED]
        assert int(learnt[-1]) == end_id(tiny_base)
        assert tiny_base.tokenizer.decode(learnt[:-1]) == text
    assert batch.answer_tokens == int((batch.labels != IGNORED).sum())
    assert torch.equal(batch.input_ids[batch.labels != IGNORED], batch.labels[batch.labels != IGNORED])


@pytest.mark.parametrize(
    "text", ["<image>", "a<｜end▁of▁sentence｜>b", "<｜begin▁of▁sentence｜>", "<<image>> <｜▁pad▁｜>"]
)
def test_a_page_that_shows_steering_tokens_doesnt_steer(tiny_base: Loaded, text: str) -> None:
    ids = answer_ids(tiny_base, text)[:-1]
    tokenizer = tiny_base.tokenizer
    steering = {tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id}
    assert not steering & set(ids.tolist())
    assert tokenizer.convert_tokens_to_ids("<image>") not in ids
    assert tokenizer.decode(ids) == text


def test_marks_of_answers_are_tokens(tiny_base: Loaded) -> None:
    ids = answer_ids(tiny_base, "<|ref|>title<|/ref|><td>").tolist()
    assert {
        tiny_base.tokenizer.convert_tokens_to_ids(mark) for mark in ("<|ref|>", "<|/ref|>", "<td>")
    } <= set(ids)


def test_a_prompt_needs_one_picture(tiny_base: Loaded) -> None:
    for prompt in ("Free OCR.", "<image><image>\nFree OCR."):
        with pytest.raises(EngineError, match="images instead of one"):
            prepare(tiny_base, page_image(), prompt)


def test_a_batch_moves_with_its_pixels_in_other_numbers(tiny_base: Loaded) -> None:
    item = prepare(tiny_base, page_image(), prompt_of(tiny_base.architecture, Task.TEXT))
    batch = gather([item], pad="left", loaded=tiny_base).to("cpu", torch.bfloat16)
    pixels, counts = batch.inputs["pixel_values"], batch.inputs["num_local_patches"]
    assert isinstance(pixels, torch.Tensor)
    assert isinstance(counts, torch.Tensor)
    assert (pixels.dtype, counts.dtype, batch.input_ids.dtype) == (torch.bfloat16, torch.int64, torch.int64)
