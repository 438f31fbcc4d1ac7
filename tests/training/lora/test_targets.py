"""Presets choose the layers that they say, in every architecture."""

import re

import pytest
from torch import nn

from recto.engines.vlm.architectures import ARCHITECTURES
from recto.errors import TrainingError
from recto.training.lora.recipe import Preset
from recto.training.lora.targets import learns_whole, targets_of

from .conftest import Make, recipe_of

DEEPSEEK = ARCHITECTURES["deepseek-ocr-2"]


def adapted(make_pupil: Make, preset: Preset) -> set[str]:
    names = make_pupil(recipe_of(preset=preset, dropout=0.0)).learning
    return {name.partition(".lora_")[0].removeprefix("model.") for name in names}


def test_attention_is_of_language_layers_only(make_pupil: Make) -> None:
    layers = {f"language_model.layers.{n}.self_attn.{x}_proj" for n in (0, 1) for x in "qkvo"}
    assert adapted(make_pupil, "attention") == layers


def test_language_has_mlps_too_but_no_routed_experts(make_pupil: Make) -> None:
    found = adapted(make_pupil, "language")
    assert {name.split(".")[0] for name in found} == {"language_model"}
    assert "language_model.layers.0.mlp.gate_proj" in found
    assert "language_model.layers.1.mlp.shared_experts.down_proj" in found
    assert not [name for name in found if ".experts" in name]


def test_experts_are_adapted_as_parameters(make_pupil: Make) -> None:
    found = adapted(make_pupil, "experts")
    assert [name for name in found if "layers.1.mlp.experts" in name]
    assert found > adapted(make_pupil, "language")


def test_all_sees_too(make_pupil: Make) -> None:
    found = adapted(make_pupil, "all")
    assert "vision_tower.sam_encoder.layers.0.attn.qkv" in found
    assert "vision_tower.sam_encoder.layers.0.attn.proj" in found
    assert "vision_tower.vision_encoder.layers.1.mlp.up_proj" in found
    assert found > adapted(make_pupil, "language")


def test_an_architecture_without_experts_says_so() -> None:
    with pytest.raises(TrainingError, match="no routed experts"):
        targets_of(ARCHITECTURES["qwen2.5-vl"], "experts")


@pytest.mark.parametrize(
    ("name", "presets"),
    [
        ("model.layers.3.mlp.experts.17.gate_proj", {"experts"}),
        ("model.layers.3.mlp.shared_experts.up_proj", {"language", "all", "experts"}),
        ("model.layers.0.mlp.down_proj", {"language", "all", "experts"}),
        ("model.layers.3.self_attn.q_proj", {"attention", "language", "all", "experts"}),
        ("model.sam_model.blocks.0.attn.qkv", {"all"}),
    ],
)
def test_experts_that_are_linear_layers(name: str, presets: set[Preset]) -> None:
    """Those of DeepSeek-OCR, whose own program has one linear layer for each expert."""
    every: tuple[Preset, ...] = ("attention", "language", "all", "experts")
    targets = {preset: targets_of(ARCHITECTURES["deepseek-ocr"], preset) for preset in every}
    assert {preset for preset in every if re.fullmatch(targets[preset].modules, name)} == presets
    assert targets["experts"].parameters == ()


@pytest.mark.parametrize(
    ("preset", "name", "learns"),
    [
        ("all", "model.vision_tower.sam_encoder.neck.conv1.weight", True),
        ("language", "model.vision_tower.sam_encoder.neck.conv1.weight", False),
        ("language", "model.language_model.embed_tokens.weight", True),
        ("language", "lm_head.weight", True),
        ("attention", "model.language_model.layers.0.self_attn.q_proj.weight", True),
        ("attention", "model.language_model.layers.0.mlp.gate_proj.weight", False),
        ("attention", "lm_head.weight", False),
    ],
)
def test_what_learns_whole(preset: Preset, name: str, learns: bool) -> None:
    assert learns_whole(DEEPSEEK, preset, name) is learns


def test_full_trains_what_it_says(make_pupil: Make) -> None:
    pupil = make_pupil(recipe_of(method="full", preset="language"))
    frozen = {name for name, weight in pupil.model.named_parameters() if not weight.requires_grad}
    assert pupil.adapters is None and isinstance(pupil.model, nn.Module)
    assert {name.split(".")[1] for name in frozen} == {"vision_tower", "multi_modal_projector"}
