"""Tiny random models of the two Qwen-VL architectures, in their true shape, saved as any weights are."""

from pathlib import Path

import torch
import transformers

from recto.engines.vlm.tiny import tiny_tokenizer

MARKS = ["<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"]
TEXT = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 4096,
}  # fmt: skip


def build_qwen(folder: Path, name: str) -> Path:
    tokenizer = tiny_tokenizer()
    tokenizer.add_special_tokens({"additional_special_tokens": MARKS}, replace_extra_special_tokens=False)
    tokenizer.pad_token = tokenizer.eos_token
    start, end, image, video = tokenizer.convert_tokens_to_ids(MARKS[2:])
    shared = {
        "image_token_id": image, "video_token_id": video, "vision_start_token_id": start,
        "vision_end_token_id": end, "dtype": "float32",
    }  # fmt: skip
    text = {**TEXT, "vocab_size": len(tokenizer), "pad_token_id": tokenizer.pad_token_id}
    text["eos_token_id"] = tokenizer.convert_tokens_to_ids("<|im_end|>")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = _QWEN[name](text, shared)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    patch_px = 14 if name == "qwen2.5-vl" else 16
    transformers.Qwen2VLImageProcessorPil(patch_size=patch_px).save_pretrained(folder)
    return folder


def _qwen_2_5(text: dict[str, object], shared: dict[str, object]) -> transformers.PreTrainedModel:
    rope = {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0}
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32,
        "fullatt_block_indexes": [1], "window_size": 112,
    }  # fmt: skip
    config = transformers.Qwen2_5_VLConfig(
        text_config={**text, "rope_parameters": rope}, vision_config=vision, **shared
    )
    return transformers.Qwen2_5_VLForConditionalGeneration(config)


def _qwen_3(text: dict[str, object], shared: dict[str, object]) -> transformers.PreTrainedModel:
    rope = {
        "rope_type": "default", "mrope_section": [2, 3, 3], "mrope_interleaved": True, "rope_theta": 10000.0,
    }  # fmt: skip
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 32,
        "deepstack_visual_indexes": [0], "num_position_embeddings": 64,
    }  # fmt: skip
    config = transformers.Qwen3VLConfig(
        text_config={**text, "head_dim": 16, "rope_parameters": rope}, vision_config=vision, **shared
    )
    return transformers.Qwen3VLForConditionalGeneration(config)


_QWEN = {"qwen2.5-vl": _qwen_2_5, "qwen3-vl": _qwen_3}
