"""However experts are computed, the numbers are the same; what can't be is an error."""

from dataclasses import replace

import pytest
import torch

from recto.engines.model_store import StoredModel
from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.vlm.device import choose
from recto.engines.vlm.experts import compute_experts
from recto.engines.vlm.generating import Decoding, generate
from recto.engines.vlm.loading import load_base
from recto.engines.vlm.preparing import gather, prepare
from recto.errors import EngineError
from recto.settings import VlmSettings
from recto.settings.table import Experts

from ...tiny import page_image


@pytest.mark.parametrize("how", ["eager", "batched_mm", "grouped_mm"])
def test_all_ways_give_the_same(tiny_weights: StoredModel, how: Experts) -> None:
    loaded = load_base(tiny_weights, choose(VlmSettings(device="cpu")))
    page = prepare(loaded, page_image("TOTAL 18.99"), "<image>\nFree OCR.")
    batch = gather([page], pad="left", loaded=loaded)
    compute_experts(loaded, "auto")
    with torch.no_grad():
        before = loaded.model(**batch.inputs).logits
        compute_experts(loaded, how)
        found = set(loaded.model.get_experts_implementation().values())
        torch.testing.assert_close(loaded.model(**batch.inputs).logits, before, rtol=1e-4, atol=1e-4)
    named = "recto_grouped_mm" if how == "grouped_mm" else how  # which transformers leaves alone
    assert named in found
    assert generate(loaded, [page], Decoding(max_new_tokens=4))[0].written_tokens == 4
    assert set(loaded.model.get_experts_implementation().values()) == found


def test_a_model_without_experts_is_an_error(tiny_weights: StoredModel) -> None:
    loaded = load_base(tiny_weights, choose(VlmSettings(device="cpu")))
    other = replace(loaded, architecture=ARCHITECTURES["qwen3-vl"])
    compute_experts(other, "auto")
    with pytest.raises(EngineError, match="qwen3-vl has no routed experts"):
        compute_experts(other, "eager")
