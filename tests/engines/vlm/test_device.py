"""Where to compute: each choice is told in words, and what was asked for and isn't there is an error."""

import pytest
import torch

from recto.engines.vlm.device import choose, devices
from recto.errors import EngineError
from recto.settings import VlmSettings


def test_on_a_cpu_numbers_are_exact_and_every_choice_has_a_reason() -> None:
    placement = choose(VlmSettings(device="cpu"))
    assert str(placement) == "cpu, float32, sdpa"
    assert [reason.split(" ")[0] for reason in placement.why] == ["device", "dtype", "attention"]


def test_auto_takes_the_best_that_is_here() -> None:
    assert choose(VlmSettings()).device == devices()[0]


def test_what_is_set_is_taken() -> None:
    placement = choose(VlmSettings(device="cpu", dtype="bfloat16", attention="eager"))
    assert (placement.dtype, placement.dtype_name, placement.attention) == (
        torch.bfloat16,
        "bfloat16",
        "eager",
    )
    assert all(reason.endswith("as set") for reason in placement.why)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (VlmSettings(device="cuda:99"), "no device 'cuda:99'"),
        (VlmSettings(device="cpu", attention="flash"), "needs a CUDA device"),
        (VlmSettings(device="cpu", dtype="float16"), "float16 on a CPU"),
    ],
)
def test_what_isnt_there_is_an_error(settings: VlmSettings, words: str) -> None:
    with pytest.raises(EngineError, match=words) as caught:
        choose(settings)
    assert caught.value.hint
