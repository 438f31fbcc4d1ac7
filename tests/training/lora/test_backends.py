"""Who trains, and why; what was asked for and isn't there is an error that says what to install.

The kernels of Unsloth need a GPU: what can be seen without one is that nothing falls back in silence.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from recto.engines.vlm.device import choose
from recto.errors import MissingPackage, TrainingError
from recto.settings import VlmSettings
from recto.training.lora.backends import chosen_backend

from .conftest import recipe_of

CPU = choose(VlmSettings(device="cpu"))
GPU = replace(CPU, device="cuda:0")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of that name which does what the real one does where it finds no GPU."""
    (tmp_path / "unsloth").mkdir()
    words = "Unsloth cannot find any torch accelerator? You need a GPU."
    (tmp_path / "unsloth" / "__init__.py").write_text(f"raise NotImplementedError({words!r})\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_what_is_missing_is_said() -> None:
    with pytest.raises(MissingPackage, match=r"pip install 'recto\[gpu\]'"):
        chosen_backend(recipe_of(backend="unsloth"), GPU)


def test_unsloth_without_a_gpu_is_refused(installed: Path) -> None:
    with pytest.raises(TrainingError, match="on a GPU only, and this is cpu"):
        chosen_backend(recipe_of(backend="unsloth"), CPU)


@pytest.mark.parametrize(
    ("backend", "device", "why"),
    [
        ("auto", CPU, "backend transformers: Unsloth needs a GPU, and this is cpu"),
        ("auto", GPU, "backend transformers: Unsloth isn't installed (pip install 'recto[gpu]')"),
        ("transformers", GPU, "backend transformers: as set"),
    ],
)
def test_the_choice_is_told(backend: str, device: object, why: str) -> None:
    assert chosen_backend(recipe_of(backend=backend), device) == ("transformers", why)  # type: ignore[arg-type]


def test_it_runs_only_where_it_is_asked_for(installed: Path) -> None:
    why = "backend transformers: Unsloth is here, but only backend: unsloth takes it"
    assert chosen_backend(recipe_of(), GPU) == ("transformers", why)
    assert chosen_backend(recipe_of(backend="unsloth"), GPU) == ("unsloth", "backend unsloth: as set")


def test_an_unsloth_that_refuses_is_our_error(installed: Path) -> None:
    code = (
        "from recto.errors import MissingPackage\n"
        "try:\n    import recto.training.lora.unsloth_backend\n"
        "except MissingPackage as error:\n    print(error)"
    )
    path = {"PYTHONPATH": ":".join([str(installed), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=path)
    assert "can't be used: Unsloth cannot find any torch accelerator" in done.stdout
    assert "backend: transformers" in done.stdout
