"""Pictures that are looked at a few at a time become the vectors that the model makes of all at once."""

import pytest
import torch

from recto.engines.vlm import seeing
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import Batch, gather, prepare
from recto.engines.vlm.seeing import seen
from recto.engines.vlm.tasks import Task, prompt_of

from ...tiny import page_image


@pytest.fixture(scope="module")
def batch(tiny_base: Loaded) -> Batch:
    """Pages with two tiles, with none though it might have some, and with two again."""
    prompt = prompt_of(tiny_base.architecture, Task.TEXT)
    widths = {"one": 900, "two": 400, "three": 1000}
    pages = [
        prepare(tiny_base, page_image(t, width=w, height=450), prompt, "gundam") for t, w in widths.items()
    ]
    return gather(pages, pad="left", loaded=tiny_base)


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_few_at_a_time_are_as_all_at_once(
    tiny_base: Loaded, batch: Batch, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeing, "_PAGES_AT_ONCE_ON_CPU", at_once)
    with torch.no_grad():
        inputs = seen(tiny_base, batch)
        theirs = tiny_base.model(**batch.inputs).logits[:, -1]
        ours = tiny_base.model(
            inputs_embeds=inputs["inputs_embeds"], attention_mask=inputs["attention_mask"]
        ).logits[:, -1]
    assert torch.allclose(ours, theirs, atol=1e-4)
    assert "pixel_values" not in inputs


def test_pages_without_any_tiles(tiny_base: Loaded) -> None:
    prompt = prompt_of(tiny_base.architecture, Task.TEXT)
    base = gather([prepare(tiny_base, page_image(), prompt)], pad="left", loaded=tiny_base)
    with torch.no_grad():
        vectors = seen(tiny_base, base)["inputs_embeds"]
    assert isinstance(vectors, torch.Tensor)
    assert vectors.shape == (*base.input_ids.shape, tiny_base.model.config.text_config.hidden_size)


def test_inputs_of_others_stay_as_they_are(tiny_base: Loaded) -> None:
    other = Batch({"input_ids": torch.ones(1, 2), "pixel_values": torch.ones(1)})
    assert seen(tiny_base, other) is other.inputs
