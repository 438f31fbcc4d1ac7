"""Rehearsal: every part of a fine-tuning once, in small, by the code that a real one runs through.

A model is loaded, LoRA attached, one step trained, the adapter written as a model folder, and a page read
with that folder. On a GPU this is done with the weights of the settings; else with the tiny model, which
reads nothing sensible but goes through the same. What was learnt is thrown away.
"""

import math
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import torch
from PIL import Image as PillowImage

from recto.datasets.example import Example
from recto.documents.page import Page
from recto.engines.model_store import TINY, StoredModel, find_model
from recto.engines.vlm import load
from recto.engines.vlm.device import Placement, choose, devices
from recto.engines.vlm.loading import load_base
from recto.engines.vlm.opening import bits_for
from recto.engines.vlm.preparing import prepare
from recto.engines.vlm.tasks import prompt_of
from recto.engines.vlm.tiny import build_tiny
from recto.errors import ModelNotFound, TrainingError
from recto.settings import Settings
from recto.training.findings import SHOWN_TEXT, Finding, Skipped, found, shown_page
from recto.training.lora.course import Course
from recto.training.lora.export import Told, check_written, write
from recto.training.lora.learn import sight_of
from recto.training.lora.optimisers import chosen_optimiser
from recto.training.lora.parity import answers_of
from recto.training.lora.pupil import Pupil
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.together import Together
from recto.training.lora.way import LoraWay
from recto.training.progress import Silent

_TOKENS = 32
"""So many tokens are compared: the model is read with several times."""
_SHORTLY = {"max_new_tokens": 64, "retry_temperatures": (), "retry_mode": "", "second_engine": ""}
"""One reading of a page, and not a long one: the model may never come to an end."""


def rehearse(settings: Settings, model: str = "") -> Iterator[Finding]:
    """Take every step, and tell each Finding as it comes; what follows a failed one isn't tried.

    `model` names base weights; "" is those of [vlm] where they are stored and there is a GPU, else the tiny
    model.
    """
    with tempfile.TemporaryDirectory(prefix="recto-") as scratch:
        stage = _Stage(settings, model, Path(scratch))
        failed = ""
        for name, step in stage.steps():
            finding = (
                found(name, step) if not failed else Finding(name, "skipped", f"not tried: {failed} failed")
            )
            failed = name if finding.state == "failed" else failed
            yield finding


@dataclass(slots=True, eq=False)
class _Stage:
    """What the steps hand on to each other."""

    settings: Settings
    model: str
    scratch: Path
    recipe: VlmRecipe = field(init=False)
    source: StoredModel = field(init=False)
    placement: Placement = field(init=False)
    pupil: Pupil = field(init=False)
    is_tiny: bool = False

    def steps(self) -> tuple[tuple[str, Callable[[], str | Skipped]], ...]:
        """Name and step, in the order in which they build on each other."""
        return (
            ("GPU", self._gpu),
            ("weights", self._weights),
            ("model loads", self._load),
            ("LoRA attaches", self._attach),
            ("one step trains", self._step),
            ("adapter is saved", self._save),
            ("page is read with it", self._read),
        )

    def _gpu(self) -> str | Skipped:
        """What GPUs PyTorch sees here, and where the settings say to compute."""
        self.placement = choose(self.settings.vlm)
        kinds = [kind for kind in devices() if kind != "cpu"]
        if not kinds:
            return Skipped(f"no GPU that PyTorch {torch.__version__} can use; computing on {self.placement}")
        listed = [_described(index) for index in range(torch.cuda.device_count())] or kinds
        return f"{'; '.join(listed)}; computing on {self.placement}"

    def _weights(self) -> str:
        """Which base weights: those asked for, those of the settings, or the tiny model and why."""
        if self.model:
            self.source, why = find_model(self.model), "as asked for"
        elif self.placement.device.partition(":")[0] == "cpu":
            self.source, why = (
                self._tiny(),
                "random numbers, since there is no GPU: it reads nothing sensible",
            )
        else:
            try:
                self.source, why = find_model(self.settings.vlm.model), "those of [vlm]"
            except ModelNotFound as missing:
                self.source, why = self._tiny(), f"random numbers, since {missing.what} ({missing.hint})"
        self.recipe = VlmRecipe(model=str(self.source.path), batch_pages=1, accumulation=1, epochs=1)
        return f"{self.source.name} ({self.source.architecture}): {why}"

    def _tiny(self) -> StoredModel:
        self.is_tiny = True
        return find_model(str(build_tiny(self.scratch / TINY)))

    def _load(self) -> str:
        """As `recto read` loads it."""
        allowed = self.settings.vlm.allow_remote_code
        load_base(self.source, self.placement, bits=bits_for(self.settings.vlm), allow_remote_code=allowed)
        return f"{self.source.name} on {self.placement}"

    def _attach(self) -> str:
        """As `recto improve` begins: with the backend that is chosen here."""
        way = LoraWay(self.recipe, self.settings)
        way.check()
        self.pupil = way.teacher().pupil
        learning = sum(weight.numel() for weight in self.pupil.learning.values())
        return f"{learning:,} of {self.pupil.parameters:,} parameters learn; {self.pupil.why}"

    def _step(self) -> str:
        """One step on a page that is printed for it. Raises TrainingError where it changes nothing."""
        samples = Samples(self.pupil.loaded, [self._example()], self.recipe)
        samples.study(Silent())
        name, _ = chosen_optimiser(self.recipe.optimiser, self.placement.device)
        before = self.pupil.weights()
        with sight_of(self.pupil, self.recipe):
            stride = Course(self.pupil, samples, self.recipe, name, Together()).step(0, 1)
        after = self.pupil.weights()
        if not math.isfinite(stride.loss) or all(torch.equal(before[key], after[key]) for key in before):
            raise TrainingError(f"a step with loss {stride.loss} changed nothing", hint="try dtype: float32")
        return f"{stride.tokens} tokens, loss {stride.loss / stride.answer_tokens:.2f} a token, {name}"

    def _save(self) -> str:
        """The model folder is written, opened on a base that is loaded anew, merged, and compared."""
        prompt = prompt_of(self.pupil.loaded.architecture, self.recipe.task)
        page = prepare(self.pupil.loaded, shown_page(), prompt, self.recipe.mode)
        answers = answers_of(self.pupil.loaded, [page], _TOKENS)
        folder = write(self.pupil, self.recipe, Told("", {}), self.scratch / "model")
        self.pupil.release()
        difference = check_written(
            folder, self.pupil.loaded, answers, same_kernels=self.pupil.backend == "transformers"
        )
        return f"written, read again and merged: the largest difference of a probability is {difference:.1g}"

    def _read(self) -> str:
        """A page is read by the engine with the model folder, as `recto read --model` does it."""
        vlm = self.settings.vlm.model_copy(update={"model": str(self.source.path), **_SHORTLY})
        engine = load(self.scratch / "model", settings=self.settings.model_copy(update={"vlm": vlm}))
        transcript = engine.read([Page("checkup", 1, shown_page())])[0]
        said = f"{len(transcript.text)} senseless characters" if self.is_tiny else repr(transcript.text[:40])
        return f"{engine.label} says {said} ({transcript.finish})"

    def _example(self) -> Example:
        file = self.scratch / "page.png"
        PillowImage.fromarray(shown_page()).save(file)
        return Example(image=file.name, source=file, text=SHOWN_TEXT, category="receipt")


def _described(index: int) -> str:
    """A CUDA device: name, memory, capability."""
    facts = torch.cuda.get_device_properties(index)
    free = torch.cuda.mem_get_info(index)[0]
    return (
        f"{facts.name}, {facts.total_memory / 2**30:.0f} GiB ({free / 2**30:.0f} free), "
        f"compute capability {facts.major}.{facts.minor}"
    )
