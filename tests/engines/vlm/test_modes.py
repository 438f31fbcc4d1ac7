"""Vision tokens by architecture and mode: what is published, and what the processors really make."""

import pytest
import transformers
from PIL import Image as PillowImage

from recto.engines.vlm.architectures import ARCHITECTURES, architecture_of
from recto.engines.vlm.modes import Flexible, Tiled
from recto.engines.vlm.tiny import tiny_tokenizer
from recto.errors import EngineError

SIZES = [
    (400, 300),
    (640, 640),
    (768, 768),
    (769, 400),
    (1000, 1500),
    (1500, 1000),
    (1240, 1754),
    (300, 3000),
]


@pytest.mark.parametrize(
    ("mode", "vision", "prompt"),
    [("tiny", 64, 73), ("small", 100, 111), ("base", 256, 273), ("large", 400, 421)],
)
def test_version_1_has_the_published_counts(mode: str, vision: int, prompt: int) -> None:
    """Table 1 of the paper; in the prompt each row has an end, and the page one more."""
    found = ARCHITECTURES["deepseek-ocr"].mode(mode)
    assert {found.vision_tokens(*size) for size in SIZES} == {vision}
    assert {found.prompt_tokens(*size) for size in SIZES} == {prompt}


@pytest.mark.parametrize(
    ("size", "grid", "vision", "prompt"),
    [
        ((640, 640), (1, 1), 256, 273),
        ((900, 600), (3, 2), 6 * 100 + 256, (3 * 10 + 1) * 20 + 273),
        ((1000, 1500), (2, 3), 6 * 100 + 256, (2 * 10 + 1) * 30 + 273),
        ((300, 3000), (1, 9), 9 * 100 + 256, (1 * 10 + 1) * 90 + 273),
        ((2000, 2000), (3, 3), 9 * 100 + 256, (3 * 10 + 1) * 30 + 273),
        ((700, 700), (2, 2), 4 * 100 + 256, (2 * 10 + 1) * 20 + 273),
    ],
)
def test_gundam_of_version_1_is_tiles_and_the_page(
    size: tuple[int, int], grid: tuple[int, int], vision: int, prompt: int
) -> None:
    mode = ARCHITECTURES["deepseek-ocr"].mode("gundam")
    assert isinstance(mode, Tiled)
    assert mode.grid(*size) == grid
    assert (mode.vision_tokens(*size), mode.prompt_tokens(*size)) == (vision, prompt)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ARCHITECTURES["deepseek-ocr-2"].modes)
def test_version_2_counts_as_its_processor_does(name: str, size: tuple[int, int]) -> None:
    mode = ARCHITECTURES["deepseek-ocr-2"].mode(name)
    images = transformers.DeepseekOcr2ImageProcessorPil()
    processor = transformers.DeepseekOcr2Processor(images, tiny_tokenizer())
    made = processor(images=PillowImage.new("RGB", size), text="<image>\nFree OCR.", **mode.options)
    ids = list(made["input_ids"][0])
    assert ids.count(processor.image_token_id) == mode.prompt_tokens(*size) == mode.vision_tokens(*size)
    tiles = mode.prompt_tokens(*size) // 144 - 1 if name == "gundam" else 0
    assert mode.vision_tokens(*size) == tiles * 144 + 257
    assert made["num_local_patches"] == [tiles]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("architecture", "patch_px"), [("qwen2.5-vl", 14), ("qwen3-vl", 16)])
def test_qwen_counts_as_its_processor_does(architecture: str, patch_px: int, size: tuple[int, int]) -> None:
    processor = transformers.Qwen2VLImageProcessorPil(patch_size=patch_px)
    for mode in ARCHITECTURES[architecture].modes.values():
        made = processor(images=PillowImage.new("RGB", size), **mode.options)
        columns_rows = made["image_grid_thw"][0]
        assert int(columns_rows.prod()) // 4 == mode.vision_tokens(*size) == mode.prompt_tokens(*size)
        assert isinstance(mode, Flexible)
        assert 64 <= mode.vision_tokens(*size) <= mode.max_px // mode.token_px**2


def test_a_page_that_is_all_edge_is_refused_in_words() -> None:
    with pytest.raises(EngineError, match="longer than 200 times"):
        ARCHITECTURES["qwen3-vl"].mode().vision_tokens(10, 3000)


def test_a_mode_that_there_isnt_names_those_that_there_are() -> None:
    version_2 = ARCHITECTURES["deepseek-ocr-2"]
    assert list(version_2.modes) == ["base", "gundam"]
    assert version_2.mode().name == "base"
    with pytest.raises(EngineError, match="has no mode 'tiny'") as caught:
        version_2.mode("tiny")
    assert "base, gundam" in caught.value.hint


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (
            {"model_type": "deepseek_ocr2", "architectures": ["DeepseekOcr2ForConditionalGeneration"]},
            "deepseek-ocr-2",
        ),
        ({"model_type": "deepseek_vl_v2", "architectures": ["DeepseekOCRForCausalLM"]}, "deepseek-ocr"),
        ({"model_type": "qwen2_5_vl"}, "qwen2.5-vl"),
        ({"model_type": "qwen3_vl", "architectures": ["Qwen3VLForConditionalGeneration"]}, "qwen3-vl"),
    ],
)
def test_weights_say_their_architecture(config: dict[str, object], name: str) -> None:
    assert architecture_of(config).name == name


def test_unknown_weights_are_refused_with_what_is_known() -> None:
    with pytest.raises(EngineError, match="'llava'") as caught:
        architecture_of({"model_type": "llava", "architectures": ["LlavaForConditionalGeneration"]})
    assert "deepseek-ocr-2, deepseek-ocr, qwen2.5-vl, qwen3-vl" in caught.value.hint
    with pytest.raises(EngineError, match="a program of their own") as caught:
        architecture_of({"model_type": "deepseek_vl_v2", "architectures": ["DeepseekOCR2ForCausalLM"]})
    assert "recto models pull deepseek-ocr-2" in caught.value.hint
