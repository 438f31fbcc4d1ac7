"""Files like those of a small repository of weights. The numbers in them mean nothing."""

import json
import random
from collections.abc import Mapping
from pathlib import Path

TABLE_BYTES = 200
"""What a file of ours has before its numbers; blanks fill it up."""
SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")


def weight_files(**changed: bytes | None) -> dict[str, bytes]:
    """Name → bytes; `changed` replaces or (None) leaves out, with `_` for a dot in names."""
    numbers = random.Random(4)
    config = {"model_type": "deepseek_ocr2", "architectures": ["DeepseekOcr2ForConditionalGeneration"]}
    index = {"weight_map": {"a": SHARDS[0], "b": SHARDS[1]}}
    files = {
        "config.json": json.dumps(config).encode(),
        "model.safetensors.index.json": json.dumps(index).encode(),
        SHARDS[0]: safetensors("a", numbers.randbytes(3_000_000 - TABLE_BYTES)),
        SHARDS[1]: safetensors("b", numbers.randbytes(40_000 - TABLE_BYTES)),
        "tokenizer.json": numbers.randbytes(2_000),
        "LICENSE": b"Do what you like.\n",
        "README.md": b"# A model\n",
        "modeling_own.py": b"raise SystemExit\n",
        "pytorch_model.bin": b"pickled",
        "onnx/model.onnx": b"another form",
    }
    named = {name.replace("_json", ".json"): data for name, data in changed.items()}
    return {name: data for name, data in {**files, **named}.items() if data is not None}


def safetensors(name: str, data: bytes) -> bytes:
    """A file with one tensor of bytes."""
    tensor = {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}
    table = json.dumps({"__metadata__": {"format": "pt"}, name: tensor}).encode()
    return (TABLE_BYTES - 8).to_bytes(8, "little") + table.ljust(TABLE_BYTES - 8) + data


def folder_of(path: Path, files: Mapping[str, bytes]) -> Path:
    """The files as a folder."""
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path
