"""Known models: the names under which recto gets base weights from the Hugging Face Hub.

No commit is written here: the first pull resolves the branch to its commit, records it, and stays with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A repository of the Hub under a name of ours, and what it is."""

    repo: str
    about: str


KNOWN: dict[str, KnownModel] = {
    "deepseek-ocr-2": KnownModel(
        "deepseek-community/DeepSeek-OCR-2", "3B; the default; no program of its own"
    ),
    "deepseek-ocr": KnownModel("deepseek-ai/DeepSeek-OCR", "3B; version 1; runs a program of its own"),
    "qwen2.5-vl-3b": KnownModel("Qwen/Qwen2.5-VL-3B-Instruct", "3B"),
    "qwen2.5-vl-7b": KnownModel("Qwen/Qwen2.5-VL-7B-Instruct", "7B"),
    "qwen3-vl-2b": KnownModel("Qwen/Qwen3-VL-2B-Instruct", "2B"),
    "qwen3-vl-4b": KnownModel("Qwen/Qwen3-VL-4B-Instruct", "4B"),
    "qwen3-vl-8b": KnownModel("Qwen/Qwen3-VL-8B-Instruct", "8B"),
    "qwen3-1.7b": KnownModel("Qwen/Qwen3-1.7B", "text, 1.7B; the default for extraction"),
    "qwen3-8b": KnownModel("Qwen/Qwen3-8B", "text, 8B"),
    "qwen2.5-7b": KnownModel("Qwen/Qwen2.5-7B-Instruct", "text, 7B"),
    "llama-3.1-8b": KnownModel("meta-llama/Llama-3.1-8B-Instruct", "text, 8B; asks for HF_TOKEN"),
    "gemma-3-1b": KnownModel("google/gemma-3-1b-it", "text, 1B; asks for HF_TOKEN"),
    "mistral-7b": KnownModel("mistralai/Mistral-7B-Instruct-v0.3", "text, 7B; asks for HF_TOKEN"),
    "deepseek-r1-qwen-7b": KnownModel("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B", "text, 7B; reasons"),
}
"""Name → repository."""


def repository_of(model: str) -> str:
    """The repository of a known name; any other word is a repository itself."""
    return KNOWN[model].repo if model in KNOWN else model


def store_name(model: str) -> str:
    """The name under which `model` (a known name or a repository) is stored where nobody says another."""
    repo = repository_of(model)
    return next((name for name, known in KNOWN.items() if known.repo == repo), repo.rpartition("/")[2])
