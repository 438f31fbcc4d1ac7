"""Compiled language layers learn the same; what can't be compiled stops the training."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from recto.engines.vlm.architectures import ARCHITECTURES, Layers
from recto.errors import TrainingError
from recto.training.lora.compiling import compile_layers
from recto.training.lora.course import Course
from recto.training.lora.pupil import Pupil
from recto.training.lora.samples import Samples
from recto.training.lora.sight import seeing
from recto.training.lora.together import Together

from .conftest import Make, recipe_of

RECIPE = recipe_of(dropout=0.0, batch_pages=4)


def with_its_warnings(test: Callable[..., None]) -> Callable[..., None]:
    """Those of torch's compiler about itself are no errors."""
    for warning in (
        "`torch.jit.script_method`:DeprecationWarning",
        "The .grad attribute of a Tensor that is not",
    ):
        test = pytest.mark.filterwarnings(f"ignore:{warning}")(test)
    return test


def losses(pupil: Pupil, pages: Samples) -> list[float]:
    """Of two steps, whose batches have different numbers of tokens."""
    with seeing(pupil.loaded):
        course = Course(pupil, pages, RECIPE, "adamw", Together())
        return [course.step(0, 4).loss, course.step(1, 3).loss]


@pytest.mark.slow
@with_its_warnings
def test_compiled_layers_learn_the_same(make_pupil: Make, pages: Samples) -> None:
    """Gradient checkpointing is on; reading stays uncompiled. Compiling takes half a minute."""
    wanted = losses(make_pupil(RECIPE), pages)
    torch._dynamo.utils.counters.clear()
    pupil = make_pupil(RECIPE.model_copy(update={"compile": True}))
    with seeing(pupil.loaded):
        course = Course(pupil, pages, RECIPE, "adamw", Together())
        with torch.no_grad():
            course._loss(course._pages(0))
    assert not torch._dynamo.utils.counters["stats"]
    assert losses(pupil, pages) == pytest.approx(wanted, rel=1e-4)
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0


@pytest.mark.slow
@with_its_warnings
def test_without_a_compiler_training_stops(
    make_pupil: Make, pages: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("torch._inductor.config.cpp.cxx", (str(tmp_path / "no-compiler"),))
    monkeypatch.setattr("torch._inductor.config.force_disable_caches", True)
    torch._dynamo.reset()
    pupil = make_pupil(RECIPE.model_copy(update={"compile": True}))
    with pytest.raises(TrainingError, match="a language layer can't be compiled") as failed:
        losses(pupil, pages)
    assert failed.value.hint == "compile: false"
    torch._dynamo.reset()


def test_an_architecture_without_such_layers_is_an_error(make_pupil: Make) -> None:
    loaded = make_pupil(RECIPE).loaded
    vision = Layers(language="model.multi_modal_projector", vision=())
    with pytest.raises(TrainingError, match="can't be compiled one by one"):
        compile_layers(replace(loaded, architecture=replace(ARCHITECTURES["deepseek-ocr-2"], layers=vision)))
