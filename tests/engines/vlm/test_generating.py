"""Generating with the tiny model: batches write what pages alone write, and say how likely each token was."""

import dataclasses
import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import torch
import transformers

from recto.documents.transcript import Finish
from recto.engines.vlm.choosing import NoRepeatedNGrams
from recto.engines.vlm.generating import Decoding, Generated, generate, spelt
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import Prepared, end_id, gather, prepare
from recto.engines.vlm.tasks import Task, prompt_of
from recto.errors import EngineError

from ...tiny import page_image

SHORT = Decoding(max_new_tokens=16)


@pytest.fixture(scope="module")
def pages(tiny_base: Loaded) -> list[Prepared]:
    """Two pages whose prompts have two lengths."""
    words = [prompt_of(tiny_base.architecture, task) for task in (Task.TEXT, Task.DESCRIBE)]
    images = [page_image("TOTAL 18.99"), page_image("x" * 30)]
    return [prepare(tiny_base, *each) for each in zip(images, words, strict=True)]


@pytest.fixture(scope="module")
def tiled(tiny_base: Loaded) -> Prepared:
    """A page that is seen in tiles as well, so that its prompt is much longer."""
    wide = page_image("wide", width=900)
    return prepare(tiny_base, wide, prompt_of(tiny_base.architecture, Task.MARKDOWN), "gundam")


@pytest.fixture(scope="module")
def plainly(tiny_base: Loaded, pages: list[Prepared]) -> list[Generated]:
    """What is written about `pages` with SHORT."""
    return generate(tiny_base, pages, SHORT)


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What transformers logs as a warning."""
    records: list[str] = []
    ear = logging.Handler(logging.WARNING)
    ear.emit = lambda record: records.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("transformers")
    logger.addHandler(ear)
    yield records
    logger.removeHandler(ear)


def same(left: Generated, right: Generated) -> bool:
    close = torch.allclose(torch.tensor(left.logprobs), torch.tensor(right.logprobs), atol=1e-4)
    return (left.text, left.token_ids, left.finish) == (right.text, right.token_ids, right.finish) and close


STRICT = dataclasses.replace(SHORT, repetition_penalty=1.3, no_repeat_ngram=3, ngram_window=0)
BEAMS = dataclasses.replace(SHORT, beams=2, max_new_tokens=6)


def test_a_batch_writes_what_pages_alone_write(
    tiny_base: Loaded, pages: list[Prepared], tiled: Prepared, heard: list[str]
) -> None:
    every = [*pages, tiled]
    alone = [generate(tiny_base, [page], SHORT)[0] for page in every]
    assert all(same(*pair) for pair in zip(generate(tiny_base, every, SHORT), alone, strict=True))
    assert len({one.text for one in alone}) == len(every)
    assert not heard


@pytest.mark.parametrize("decoding", [STRICT, BEAMS], ids=["penalties", "beams"])
def test_so_it_does_with_penalties_and_with_beams(
    tiny_base: Loaded, pages: list[Prepared], decoding: Decoding, heard: list[str]
) -> None:
    """The padded page is the first: it is the shorter one."""
    [alone] = generate(tiny_base, pages[:1], decoding)
    assert same(generate(tiny_base, pages, decoding)[0], alone)
    assert not heard


def test_a_static_cache_changes_nothing(
    tiny_base: Loaded, pages: list[Prepared], plainly: list[Generated], heard: list[str]
) -> None:
    kept = generate(tiny_base, pages, dataclasses.replace(SHORT, static_cache=True))
    assert all(same(*pair) for pair in zip(plainly, kept, strict=True))
    assert not heard


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit.script_method`:DeprecationWarning")  # torch's compiler's own
def test_a_compiled_step_writes_the_same(
    tiny_base: Loaded, pages: list[Prepared], plainly: list[Generated], heard: list[str]
) -> None:
    """Compiling takes a minute or two, and a C++ compiler."""
    compiled = generate(tiny_base, pages, dataclasses.replace(SHORT, static_cache=True, compile=True))
    assert all(same(*pair) for pair in zip(plainly, compiled, strict=True))
    assert not heard


def test_settings_that_came_with_the_weights_change_nothing(
    tiny_base: Loaded, pages: list[Prepared], plainly: list[Generated], heard: list[str]
) -> None:
    own = tiny_base.model.generation_config
    tiny_base.model.generation_config = transformers.GenerationConfig(
        do_sample=True, temperature=0.1, top_p=0.01, top_k=1, repetition_penalty=1.5, max_length=20
    )
    try:
        after = generate(tiny_base, pages, SHORT)
    finally:
        tiny_base.model.generation_config = own
    assert all(same(*pair) for pair in zip(plainly, after, strict=True))
    assert not heard


@pytest.mark.parametrize("decoding", [SHORT, BEAMS], ids=["greedy", "beams"])
def test_logprobs_are_the_models_own(tiny_base: Loaded, pages: list[Prepared], decoding: Decoding) -> None:
    """As one reading of prompt and answer has them, all logits at once."""
    written = generate(tiny_base, pages[:1], dataclasses.replace(decoding, repetition_penalty=1.2))[0]
    answer = torch.tensor(written.token_ids)
    batch = gather(pages[:1], [answer], pad="right", loaded=tiny_base)
    with torch.no_grad():
        logits = tiny_base.model(**batch.inputs).logits[0, -len(answer) - 1 : -1]
    expected = logits.log_softmax(-1).gather(1, answer[:, None])[:, 0]
    assert torch.allclose(torch.tensor(written.logprobs), expected, atol=1e-4)


def test_the_ngram_guard_works_while_it_writes(tiny_base: Loaded, pages: list[Prepared]) -> None:
    [guarded] = generate(tiny_base, pages[:1], dataclasses.replace(STRICT, no_repeat_ngram=2))
    pairs = list(zip(guarded.token_ids, guarded.token_ids[1:], strict=False))
    assert len(set(pairs)) == len(pairs) > 0


def test_a_looping_answer_is_cut_and_told(tiny_base: Loaded, pages: list[Prepared]) -> None:
    """Where the head knows one word only, that is written for ever."""
    [word] = tokenised(tiny_base, " the")
    batch = gather(pages[:1], pad="left", loaded=tiny_base)
    with torch.no_grad():
        hidden = tiny_base.model.base_model(**batch.inputs).last_hidden_state[0, -1]
    with changed_head(tiny_base) as head:
        head.zero_()
        head[word] = hidden
        [written] = generate(tiny_base, pages[:1], Decoding(max_new_tokens=40, no_repeat_ngram=0))
    assert (written.text, written.finish) == (" the", Finish.REPEATING)
    assert (written.token_ids, written.ends, written.written_tokens) == ((word,), (4,), 40)


def test_steering_tokens_are_no_text(tiny_base: Loaded, pages: list[Prepared]) -> None:
    """A model may write the padding token itself, or one that begins a text; neither is on the page."""
    tokenizer = tiny_base.tokenizer
    steering = [tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id]
    assert spelt(tokenizer, [*tokenised(tiny_base, "1"), *steering, *tokenised(tiny_base, "<td>")]) == [
        "1", "", "", "", "<td>",
    ]  # fmt: skip
    broken = tokenised(tiny_base, "€")
    assert len(broken) > 1
    assert "".join(spelt(tokenizer, [broken[0], steering[0], *broken])).count("€") == 1
    with changed_head(tiny_base) as head:  # all words are equally likely: the first is taken, BEGIN
        head[:] = head[:1].clone()
        [written] = generate(tiny_base, pages[:1], SHORT)
    assert (written.text, written.finish) == ("", Finish.TRUNCATED)
    assert (written.written_tokens, len(written.ends)) == (16, 16)


def test_an_answer_without_an_end_is_truncated(plainly: list[Generated]) -> None:
    assert [one.finish for one in plainly] == [Finish.TRUNCATED] * 2
    assert [one.written_tokens for one in plainly] == [16, 16]


def test_an_answer_with_an_end_is_complete(
    tiny_base: Loaded, pages: list[Prepared], plainly: list[Generated]
) -> None:
    """With the third token's row of the head for the end, the answer ends there."""
    last = plainly[0].token_ids[2]
    with changed_head(tiny_base) as head:
        head[[end_id(tiny_base), last]] = head[[last, end_id(tiny_base)]]
        written = generate(tiny_base, pages, SHORT)[0]
    assert written.finish is Finish.COMPLETE
    first = plainly[0].token_ids.index(last)
    assert written.token_ids == plainly[0].token_ids[:first]
    assert written.written_tokens == first + 1


@contextmanager
def changed_head(loaded: Loaded) -> Iterator[torch.Tensor]:
    """The weights of the head, one row a token, to be changed; afterwards they are as they were."""
    head = loaded.model.get_output_embeddings().weight
    kept = head.detach().clone()
    with torch.no_grad():
        try:
            yield head
        finally:
            head.copy_(kept)


def test_a_temperature_draws_from_the_seed_and_leaves_the_worlds_random_numbers(
    tiny_base: Loaded, pages: list[Prepared], heard: list[str]
) -> None:
    hot = dataclasses.replace(SHORT, max_new_tokens=8, temperature=1.5, top_p=0.95, top_k=40, seed=1)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, again = (generate(tiny_base, pages, hot) for _ in range(2))
    assert torch.equal(torch.rand(3), expected)
    other = generate(tiny_base, pages, dataclasses.replace(hot, seed=2))
    assert [one.token_ids for one in first] == [one.token_ids for one in again]
    assert [one.token_ids for one in first] != [one.token_ids for one in other]
    assert not heard


def test_answers_of_one_length_for_benchmarks(tiny_base: Loaded, pages: list[Prepared]) -> None:
    fixed = Decoding(max_new_tokens=10, least_tokens=10)
    assert [one.written_tokens for one in generate(tiny_base, pages, fixed)] == [10, 10]


def test_a_page_that_leaves_no_room_is_an_error(tiny_base: Loaded, pages: list[Prepared]) -> None:
    longer = dataclasses.replace(pages[0], input_ids=torch.cat([pages[0].input_ids, torch.ones(8192).long()]))
    with pytest.raises(EngineError, match="of the 8192"):
        generate(tiny_base, [longer], SHORT)


@pytest.mark.parametrize("text", ["Größe 18 €", "日本語 🙂", "plain", "", "<td>1</td><|ref|>"])
def test_tokens_are_spelt_one_by_one(tiny_base: Loaded, text: str) -> None:
    tokens = tiny_base.tokenizer.encode(text, add_special_tokens=False)
    pieces = spelt(tiny_base.tokenizer, tokens)
    assert len(pieces) == len(tokens)
    assert "".join(pieces) == text


def test_bytes_that_are_no_text_are_spelt_as_such(tiny_base: Loaded) -> None:
    tokens = tiny_base.tokenizer.encode("日本日本", add_special_tokens=False)
    broken = [*tokens[:2], *tokens[:1] * 6, *tokenised(tiny_base, "ok")]
    pieces = spelt(tiny_base.tokenizer, broken)
    assert len(pieces) == len(broken)
    assert "".join(pieces).endswith("ok")


def tokenised(loaded: Loaded, text: str) -> list[int]:
    return list(loaded.tokenizer.encode(text, add_special_tokens=False))


def test_likelihood_is_that_of_the_tokens_of_a_place() -> None:
    half, tenth = math.log(0.5), math.log(0.1)
    written = Generated("ab cd", (1, 2, 3), (half, tenth, half), (2, 3, 5), Finish.COMPLETE, 4)
    assert written.logprobs_of(0, 2) == written.logprobs_of(3, 5) == (half,)
    assert written.logprobs_of(0, 3) == (half, tenth)
    assert written.logprobs_of(1, 4) == (half, tenth, half)
    assert Generated("", (), (), (), Finish.COMPLETE, 1).logprobs_of(0, 0) == ()


def test_padding_of_others_isnt_held_against_a_page() -> None:
    guard = NoRepeatedNGrams(2, 90, prompt=4)
    padded = guard(torch.tensor([[0, 0, 0, 5, 1, 2, 1]]), torch.zeros(1, 8))
    assert torch.isneginf(padded).nonzero().tolist() == [[0, 2]]
