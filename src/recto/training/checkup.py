"""Checkup: is what recto needs here, and does it really work? Each Finding says ok, or what to do.

It tries things instead of asking for versions alone: a page is read with the CPU engine, and
`training/rehearsal` goes through a whole fine-tuning of a vision-language model in small. What isn't here on
purpose (no GPU, an extra that isn't installed) is skipped, with the reason; a Finding `failed` is a fault.
"""

import platform
import shutil
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from recto import __version__
from recto.documents.page import Page
from recto.engines.catalog import DEFAULT_ENGINE, load
from recto.engines.model_store import store_folder
from recto.errors import EngineError
from recto.evaluation.machine import describe_machine
from recto.settings import Settings
from recto.training.findings import SHOWN_TEXT, Finding, Skipped, found, shown_page

_ROOM_GB = 1.0
_PACKAGES = {
    "train": ("torch", "onnx"),
    "vlm": ("transformers", "peft", "accelerate", "safetensors", "huggingface_hub"),
    "gpu": ("bitsandbytes", "trl", "unsloth"),
}
"""Extra → the packages whose versions decide what works."""


def checkup(settings: Settings, model: str = "") -> Iterator[Finding]:
    """Every Finding as soon as it is made. `model` names the base weights to rehearse with.

    "" is those of [vlm] where they are stored and there is a GPU, else the tiny model.
    """
    yield found("versions", _versions)
    for extra, packages in _PACKAGES.items():
        yield found(f"extra {extra}", partial(_installed, extra, packages))
    yield found("memory", _memory)
    yield found("disk", _disk)
    yield found("CPU engine", lambda: _reads(DEFAULT_ENGINE, settings))
    missing = [name for name in ("torch", *_PACKAGES["vlm"]) if find_spec(name) is None]
    if missing:
        why = f"no fine-tuning is rehearsed: not installed: {', '.join(missing)}"
        yield Finding("vision-language model", "skipped", why, "pip install 'recto[vlm]'")
        return
    from recto.training.lora.rehearsal import rehearse

    yield from rehearse(settings, model)


def checkup_remote(settings: Settings) -> Iterator[Finding]:
    """Whether the server of [remote] answers, and reads a page."""
    yield found("server", lambda: _server(settings))
    yield found("remote page", lambda: _reads("remote", settings))


def _versions() -> str:
    return f"recto {__version__}, Python {platform.python_version()}, {platform.platform()}"


def _installed(extra: str, packages: tuple[str, ...]) -> str | Skipped:
    """The versions of an extra's packages; Skipped where one is missing."""
    there, missing = [], []
    for package in packages:
        try:
            there.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        said = [*there, f"not installed: {', '.join(missing)}"]
        return Skipped("; ".join(said), f"pip install 'recto[{extra}]'")
    return ", ".join(there)


def _memory() -> str:
    machine = describe_machine()
    return f"{machine.memory_gb or '?'} GB, {machine.cores} cores ({machine.cpu})"


def _disk() -> str:
    """Room where weights are kept, and here. Raises EngineError where there is next to none."""
    told = []
    for folder in (store_folder(), Path.cwd()):
        there = next(one for one in (folder, *folder.parents) if one.exists())
        free_gb = shutil.disk_usage(there).free / 1e9
        if free_gb < _ROOM_GB:
            raise EngineError(
                f"{free_gb:.2f} GB are free", where=folder, hint="make room; DeepSeek-OCR takes 7 GB"
            )
        told.append(f"{free_gb:.0f} GB free for {folder}")
    return ", ".join(told)


def _server(settings: Settings) -> str:
    from recto.engines.remote.server import Server

    server = Server(settings.remote)
    try:
        return f"{server.url} has: {', '.join(server.models()) or 'no models'}"
    finally:
        server.close()


def _reads(engine: str, settings: Settings) -> str:
    """A page with known text is read. Raises EngineError where what comes back is something else."""
    reader = load(engine, settings=settings)
    transcript = reader.read([Page("checkup", 1, shown_page())])[0]
    if SHOWN_TEXT.lower() not in transcript.text.lower():
        raise EngineError(
            f"{reader.label} reads {transcript.text[:60]!r} where {SHOWN_TEXT!r} is printed",
            hint="see docs/vlm.md for prompts and settings that fit a model" if engine == "remote" else "",
        )
    return f"{reader.label} reads a page ({transcript.seconds:.1f} s)"
