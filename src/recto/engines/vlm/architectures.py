"""Architectures of language models: what differs between them, as one table of plain facts.

Which folder of weights has which architecture is told from its `config.json` alone. A model of text only is
an architecture without eyes, so that loading, adapters, training and parity are one code for both. Nothing
heavy is imported here, and nothing is loaded: that is `engines/vlm/loading`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from recto.engines.vlm.modes import Flexible, Mode, Square, Tiled, by_name
from recto.errors import EngineError


@dataclass(frozen=True, slots=True)
class Layers:
    """Where the parts stand in the model, as dotted names from its top.

    `vision` are the parts that see. `experts` are the routed experts of a layer where their weights are
    parameters of three dimensions, `expert_layers` the part that holds them where they are linear layers.
    """

    language: str
    vision: tuple[str, ...]
    head: str = "lm_head"
    experts: tuple[str, ...] = ()
    expert_layers: str = ""


@dataclass(frozen=True, slots=True)
class Architecture:
    """What recto knows of an architecture.

    `model_types` and `classes` are what `config.json` calls it (`model_type`, `architectures`).
    `image_processor` is the class in transformers that makes its pixels, "" where recto does that itself.
    `before` and `after` stand around an instruction; `end` is the token that closes an answer, "" for the one
    that the tokenizer names. `sees` is False for models of text only (`engines/text`). `opens` says
    that prompts begin with the tokenizer's beginning-of-text token. `grounds` says that it answers with boxes
    in marks, `marks_images` that it is told which tokens are of the picture. `flash_parts` are the
    sub-configurations that flash attention works for ("" is all there is).
    """

    name: str
    model_types: frozenset[str]
    classes: frozenset[str]
    modes: Mapping[str, Mode]
    default_mode: str
    layers: Layers
    image_processor: str
    image_token: str
    before: str
    after: str
    end: str
    sees: bool = True
    opens: bool = False
    grounds: bool = False
    marks_images: bool = False
    needs_remote_code: bool = False
    flash_parts: frozenset[str] = field(default_factory=frozenset)

    def mode(self, name: str = "") -> Mode:
        """The mode called `name`, the default one for "". Raises EngineError that names those that exist."""
        found = self.modes.get(name or self.default_mode)
        if found is None:
            raise EngineError(
                f"{self.name} has no mode {name!r}", hint=f"modes of {self.name}: {', '.join(self.modes)}"
            )
        return found


_DEEPSEEK_2 = Architecture(
    name="deepseek-ocr-2",
    model_types=frozenset({"deepseek_ocr2"}),
    classes=frozenset({"DeepseekOcr2ForConditionalGeneration"}),
    modes=by_name(Square("base", 1024), Tiled("gundam", 1024, tile_px=768, tiles=6)),
    default_mode="base",
    layers=Layers(
        language="model.language_model",
        vision=("model.vision_tower", "model.multi_modal_projector"),
        experts=("mlp.experts.gate_up_proj", "mlp.experts.down_proj"),
    ),
    image_processor="DeepseekOcr2ImageProcessorPil",
    image_token="<image>",
    before="<image>\n",
    after="",
    end="<｜end▁of▁sentence｜>",
    opens=True,
    grounds=True,
    flash_parts=frozenset({"text_config"}),
)

_DEEPSEEK_1 = Architecture(
    name="deepseek-ocr",
    model_types=frozenset({"deepseek_vl_v2", "DeepseekOCR", "deepseekocr", "deepseek_ocr"}),
    classes=frozenset({"DeepseekOCRForCausalLM"}),
    modes=by_name(
        Square("tiny", 512, row_ends=True),
        Square("small", 640, row_ends=True),
        Square("base", 1024, row_ends=True),
        Square("large", 1280, row_ends=True),
        Tiled("gundam", 1024, tile_px=640, tiles=9, row_ends=True),
    ),
    default_mode="base",
    layers=Layers(
        language="model.layers",
        vision=("model.sam_model", "model.vision_model", "model.projector"),
        expert_layers="mlp.experts",
    ),
    image_processor="",
    image_token="<image>",
    before="<image>\n",
    after="",
    end="<｜end▁of▁sentence｜>",
    opens=True,
    grounds=True,
    needs_remote_code=True,
    flash_parts=frozenset({""}),
)

_QWEN_LAYERS = Layers(language="model.language_model", vision=("model.visual",))
_QWEN_BEFORE = (
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>"
)
_QWEN_AFTER = "<|im_end|>\n<|im_start|>assistant\n"


def _qwen_modes(token_px: int) -> Mapping[str, Mode]:
    """Modes by the most tokens that a page may take: 256, 576, 1280 and 2560."""
    most = {"tiny": 256, "small": 576, "base": 1280, "large": 2560}
    return by_name(*(Flexible(name, 64 * token_px**2, n * token_px**2, token_px) for name, n in most.items()))


_QWEN_2_5 = Architecture(
    name="qwen2.5-vl",
    model_types=frozenset({"qwen2_5_vl"}),
    classes=frozenset({"Qwen2_5_VLForConditionalGeneration"}),
    modes=_qwen_modes(28),
    default_mode="base",
    layers=_QWEN_LAYERS,
    image_processor="Qwen2VLImageProcessorPil",
    image_token="<|image_pad|>",
    before=_QWEN_BEFORE,
    after=_QWEN_AFTER,
    end="<|im_end|>",
    marks_images=True,
    flash_parts=frozenset({"", "text_config", "vision_config"}),
)

_QWEN_3 = Architecture(
    name="qwen3-vl",
    model_types=frozenset({"qwen3_vl"}),
    classes=frozenset({"Qwen3VLForConditionalGeneration"}),
    modes=_qwen_modes(32),
    default_mode="base",
    layers=_QWEN_LAYERS,
    image_processor="Qwen2VLImageProcessorPil",
    image_token="<|image_pad|>",
    before=_QWEN_BEFORE.partition("<|im_end|>\n")[2],  # Qwen3-VL's own frame has no system message
    after=_QWEN_AFTER,
    end="<|im_end|>",
    marks_images=True,
    flash_parts=frozenset({"", "text_config", "vision_config"}),
)

ARCHITECTURES: dict[str, Architecture] = {
    one.name: one for one in (_DEEPSEEK_2, _DEEPSEEK_1, _QWEN_2_5, _QWEN_3)
}
"""Name → architecture; the first is the default."""


def architecture_of(config: Mapping[str, object]) -> Architecture:
    """The architecture of weights whose `config.json` holds `config`.

    Raises EngineError for one that recto doesn't know, naming those that it does.
    """
    kind, classes = config.get("model_type"), config.get("architectures")
    named = frozenset(map(str, classes)) if isinstance(classes, list) else frozenset()
    for one in ARCHITECTURES.values():
        if kind in one.model_types and (not named or named & one.classes):
            return one
    if is_text_only(config):
        return _text_only(str(kind))
    if "DeepseekOCR2ForCausalLM" in named:
        raise EngineError(
            "these weights of DeepSeek-OCR-2 need a program of their own",
            hint="recto models pull deepseek-ocr-2 gets the same weights in the form that needs none",
        )
    raise EngineError(
        f"weights of model type {kind!r} ({', '.join(sorted(named)) or 'no class named'}) aren't known",
        hint=f"architectures: {', '.join(ARCHITECTURES)}, and transformers' own models of text",
    )


def is_text_only(config: Mapping[str, object]) -> bool:
    """Whether weights are a causal language model of transformers' own: Qwen3, Llama, Gemma, Mistral, …

    Whether this transformers knows their `model_type` is found out when they are loaded.
    """
    classes = config.get("architectures")
    named = [str(one) for one in classes] if isinstance(classes, list) else []
    kind = config.get("model_type")
    seeing = any(kind in one.model_types for one in ARCHITECTURES.values())
    return bool(named) and named[0].endswith("ForCausalLM") and "auto_map" not in config and not seeing


def _text_only(model_type: str) -> Architecture:
    """What is the same of all language models of text: no modes, and no picture in their prompts."""
    return Architecture(
        name=model_type,
        model_types=frozenset({model_type}),
        classes=frozenset(),
        modes={},
        default_mode="",
        layers=Layers(language="model", vision=()),
        image_processor="",
        image_token="",
        before="",
        after="",
        end="",
        sees=False,
        flash_parts=frozenset({""}),
    )
