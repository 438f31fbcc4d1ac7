"""Models of DeepSeek-OCR-2's architecture with random weights, in three sizes: speed needs no true ones.

full is as large as the published model (3.4 billion parameters), small is for a CPU (a hundredth of it), tiny
is what the tests have. The tokenizer is the tiny model's; tokens that it doesn't know are spelt as nothing.

As a program it writes one, and prints the name of the GPU that it was made on, or nothing:

    python benchmarks/vlm_sizes.py SIZE FOLDER [DEVICE] [DTYPE]
"""

import sys
from pathlib import Path

import torch
import transformers

from recto.engines.model_store import StoredModel
from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.vlm.device import Placement, choose
from recto.engines.vlm.loading import Loaded, native_pixels
from recto.engines.vlm.tiny import build_tiny, tiny_config, tiny_tokenizer
from recto.settings import VlmSettings

SIZES = ("full", "small", "tiny")

_TEXT = {
    "full": {
        "vocab_size": 129280, "hidden_size": 1280, "intermediate_size": 6848, "moe_intermediate_size": 896,
        "num_hidden_layers": 12, "num_attention_heads": 10, "num_key_value_heads": 10, "n_routed_experts": 64,
        "n_shared_experts": 2, "num_experts_per_tok": 6, "mlp_layer_types": ["dense", *["sparse"] * 11],
        "max_position_embeddings": 8192,
    },
    "small": {
        "vocab_size": 8192, "hidden_size": 512, "intermediate_size": 1408, "moe_intermediate_size": 256,
        "num_hidden_layers": 6, "num_attention_heads": 8, "num_key_value_heads": 8, "n_routed_experts": 16,
        "n_shared_experts": 2, "num_experts_per_tok": 4, "mlp_layer_types": ["dense", *["sparse"] * 5],
        "max_position_embeddings": 8192,
    },
}  # fmt: skip
_ENCODER = {
    "full": {
        "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14,
        "num_key_value_heads": 2, "vocab_size": 8,
    },
    "small": {
        "hidden_size": 256, "intermediate_size": 768, "num_hidden_layers": 4, "num_attention_heads": 4,
        "num_key_value_heads": 2, "vocab_size": 8,
    },
}  # fmt: skip
_SAM: dict[str, dict[str, object]] = {
    "full": {},  # the defaults are those of the published model
    "small": {
        "hidden_size": 192, "output_channels": 128, "num_hidden_layers": 4, "num_attention_heads": 6,
        "global_attn_indexes": [3], "downsample_channels": [192, 256],
    },
}  # fmt: skip


def random_model(size: str, placement: Placement, *, seed: int = 0) -> Loaded:
    """A model of `size` with random weights at `placement`, made there: no file is read or written."""
    tokenizer = tiny_tokenizer()
    config = tiny_config(tokenizer) if size == "tiny" else _config(size, tokenizer)
    torch.manual_seed(seed)
    with torch.device(placement.device):
        model = transformers.AutoModelForImageTextToText.from_config(
            config, dtype=placement.dtype, attn_implementation=placement.attention
        )
    model.eval()
    source = StoredModel(f"deepseek-ocr-2-{size}-random", Path(), "", "", "deepseek-ocr-2", "0" * 64)
    pixels = native_pixels(transformers.DeepseekOcr2ImageProcessorPil())
    return Loaded(model, pixels, tokenizer, ARCHITECTURES["deepseek-ocr-2"], placement, source)


def write_random_model(folder: Path, size: str, placement: Placement) -> Path:
    """The same as weights on disk, which `load_base` opens like any others; made at `placement`."""
    if size == "tiny":
        return build_tiny(folder)
    loaded = random_model(size, placement)
    loaded.model.save_pretrained(folder)
    images = transformers.DeepseekOcr2ImageProcessorPil()
    transformers.DeepseekOcr2Processor(images, loaded.tokenizer).save_pretrained(folder)
    return folder


def _config(size: str, tokenizer: transformers.PreTrainedTokenizerBase) -> transformers.DeepseekOcr2Config:
    tiny = tiny_config(tokenizer)
    marks = {
        name: getattr(tiny.text_config, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")
    }
    return transformers.DeepseekOcr2Config(
        vision_config={"sam_config": _SAM[size], "encoder_config": _ENCODER[size]},
        text_config=_TEXT[size] | marks,
        image_token_id=tiny.image_token_id,
    )


def main(size: str, folder: str, device: str = "auto", dtype: str = "auto") -> None:
    """Write weights, and say where they were made."""
    placement = choose(VlmSettings.model_validate({"device": device, "dtype": dtype}))
    write_random_model(Path(folder), size, placement)
    print(torch.cuda.get_device_name(placement.device) if placement.device.startswith("cuda") else "")


if __name__ == "__main__":
    main(*sys.argv[1:])
