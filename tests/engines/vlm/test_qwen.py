"""Qwen2.5-VL and Qwen3-VL, tiny but in their true architecture: they count, and generate in batches."""

from pathlib import Path

import pytest
import torch

from recto.engines.model_store import find_model
from recto.engines.vlm.device import choose
from recto.engines.vlm.loading import load_base
from recto.engines.vlm.preparing import gather, prepare
from recto.engines.vlm.tasks import Task, prompt_of
from recto.settings import VlmSettings

from ...tiny import page_image
from .tiny_qwen import build_qwen


@pytest.mark.parametrize("name", ["qwen2.5-vl", "qwen3-vl"])
def test_it_prepares_and_generates_alone_as_in_a_batch(name: str, tmp_path: Path) -> None:
    source = find_model(str(build_qwen(tmp_path / "weights", name)))
    loaded = load_base(source, choose(VlmSettings(device="cpu")))
    assert loaded.architecture.name == name
    prompt = prompt_of(loaded.architecture, Task.TEXT)
    pages = [page_image("A", 300, 260), page_image("TOTAL 9.99", 420, 500)]
    items = [prepare(loaded, page, prompt, "tiny") for page in pages]
    for item in items:
        seen = int((item.input_ids == loaded.model.config.image_token_id).sum())
        assert seen == item.mode.vision_tokens(*item.size)
    generate = {"max_new_tokens": 6, "min_new_tokens": 6, "do_sample": False}
    with torch.no_grad():
        alone = [
            loaded.model.generate(**gather([item], pad="left", loaded=loaded).inputs, **generate)[0, -6:]
            for item in items
        ]
        together = loaded.model.generate(**gather(items, pad="left", loaded=loaded).inputs, **generate)[
            :, -6:
        ]
    assert torch.equal(torch.stack(alone), together)
