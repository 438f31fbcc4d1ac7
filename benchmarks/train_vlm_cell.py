"""One cell of `train_vlm.py`, in a process of its own: it trains, and prints what it took as a line of JSON.

    python benchmarks/train_vlm_cell.py '{"who": "ours", "weights": "…", "method": "lora", …}'

`plain` is what a first tutorial does: transformers' Trainer with what it sets by itself, PEFT, bfloat16 on a
GPU, gradient checkpointing, pages prepared by the collator, the model's own loss. Its 4-bit base isn't passed
through `prepare_model_for_kbit_training`, which would only cost it memory. `ours` is what `recto train` runs:
the same course of steps, after a look at the pages; `ours-padded` has pages side by side, `ours-seeing` looks
at them in every step, `ours-compiled` compiles. `unsloth` is Unsloth's model, adapters and checkpointing
under the same Trainer. All take the same pages in the same order, at the same constant rate, with adapters
on the same layers and without dropout, so that their losses can be laid side by side.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import transformers

from recto.datasets.example import Example
from recto.datasets.pages import open_example
from recto.datasets.synthesis import synthesise
from recto.engines.model_store import StoredModel
from recto.engines.vlm.device import Placement, choose
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.preparing import answer_ids, gather, prepare
from recto.engines.vlm.tasks import Task, prompt_of
from recto.errors import MissingPackage
from recto.evaluation.machine import peak_memory_mb, reset_peak_memory
from recto.settings import VlmSettings
from recto.training.lora import peft_backend
from recto.training.lora.course import Course
from recto.training.lora.learn import sight_of
from recto.training.lora.optimisers import chosen_optimiser
from recto.training.lora.order import steps_of_epoch
from recto.training.lora.pupil import Pupil, means_of
from recto.training.lora.recipe import VlmRecipe
from recto.training.lora.samples import Samples
from recto.training.lora.together import Together
from recto.training.memory import is_out_of_memory
from recto.training.progress import Silent

_MIB = 2**20
_LENGTHS = (0.5, 1.5, 0.75, 1.25, 1.0, 0.6, 1.4, 1.0)
"""Answers are so many times `tokens` long, in turn: pages have unlike lengths."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a cell trains: `steps` steps of `batch` pages, over `epochs` passes of the same pages."""

    who: str
    weights: str
    method: str
    preset: str
    mode: str
    batch: int
    steps: int
    epochs: int
    tokens: int
    rate: float
    device: str
    dtype: str
    checkpointing: bool


@dataclass(slots=True)
class Took:
    """Seconds of looking at pages and of each step, the loss of each, tokens and their padding, MiB at most.

    `failed` says what it died of; `excused` that it is no fault: no memory, or a package that isn't here.
    """

    look_s: float = 0.0
    step_s: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    tokens: int = 0
    padding: int = 0
    peak_mb: float = 0.0
    failed: str = ""
    excused: bool = False


def main() -> None:
    """Train and tell."""
    job = Job(**json.loads(sys.argv[1]))
    placement = choose(VlmSettings.model_validate({"device": job.device, "dtype": job.dtype}))
    took = Took()
    try:
        WAYS[job.who](job, placement, took)
    except MissingPackage as error:
        took.failed, took.excused = error.what, True
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        took.failed, took.excused = "out of memory", True
    took.peak_mb = _peak_mb(placement)
    print(json.dumps(asdict(took)))


def ours(job: Job, placement: Placement, took: Took) -> None:
    """As `recto train` goes: see the pages once, then step by step."""
    recipe = recipe_of(job)
    loaded = peft_backend.load(_source(job), placement, recipe)
    _start_counting(placement)
    pupil = peft_backend.make_pupil(loaded, recipe, "")
    samples = _looked_at(loaded, job, recipe, took)
    optimiser, _ = chosen_optimiser("auto", placement.device)
    with sight_of(pupil, recipe):
        course = Course(pupil, samples, recipe, optimiser, Together(alone=True))
        for number in range(job.steps * job.epochs):
            began = time.perf_counter()
            stride = course.step(number, job.batch)
            _wait(placement)
            took.step_s.append(time.perf_counter() - began)
            took.losses.append(stride.loss / stride.answer_tokens)
            took.tokens += stride.tokens
    if not means_of(pupil, recipe).packed:
        took.padding = _padding(samples.lengths, job, recipe)


def plain(job: Job, placement: Placement, took: Took) -> None:
    """The first tutorial."""
    recipe = recipe_of(job)
    loaded = peft_backend.load(_source(job), placement, recipe)
    _start_counting(placement)
    pupil = peft_backend.make_pupil(loaded, recipe.model_copy(update={"gradient_checkpointing": False}), "")
    _under_the_trainer(pupil, job, recipe, took)


def unsloth(job: Job, placement: Placement, took: Took) -> None:
    """Unsloth's model under the Trainer that its notebooks use."""
    from recto.training.lora import unsloth_backend

    recipe = recipe_of(job)
    loaded = unsloth_backend.load(_source(job), placement, recipe)
    _start_counting(placement)
    _under_the_trainer(unsloth_backend.make_pupil(loaded, recipe, ""), job, recipe, took)


WAYS: dict[str, Callable[[Job, Placement, Took], None]] = {
    "plain": plain,
    "ours": ours,
    "ours-padded": ours,
    "ours-seeing": ours,
    "ours-compiled": ours,
    "unsloth": unsloth,
}
_CHANGED: dict[str, dict[str, object]] = {
    "ours-padded": {"padding_free": False},
    "ours-seeing": {"cache_vision": False},
    "ours-compiled": {"compile": True},
}


class _Clock(transformers.TrainerCallback):  # type: ignore[misc]
    """Times the Trainer's steps, collating included, and notes their losses."""

    def __init__(self, placement: Placement, took: Took) -> None:
        self._placement, self._took, self._last = placement, took, 0.0

    def on_train_begin(self, *_: object, **__: object) -> None:
        """The first step begins."""
        self._last = time.perf_counter()

    def on_step_end(self, *_: object, **__: object) -> None:
        """One more."""
        _wait(self._placement)
        now = time.perf_counter()
        self._took.step_s.append(now - self._last)
        self._last = now

    def on_log(self, *_: object, logs: dict[str, float] | None = None, **__: object) -> None:
        """What the Trainer says of the step."""
        if logs and "loss" in logs:
            self._took.losses.append(logs["loss"])


def _under_the_trainer(pupil: Pupil, job: Job, recipe: VlmRecipe, took: Took) -> None:
    loaded = pupil.loaded
    examples, lengths = _examples(loaded, job), _lengths(loaded, job)
    order = [page for step in _steps(lengths, job, recipe) for page in step]
    prompt = prompt_of(loaded.architecture, Task.TEXT)
    took.tokens, took.padding = sum(lengths) * job.epochs, _padding(lengths, job, recipe)

    def collated(pages: Sequence[int]) -> dict[str, object]:
        """A tutorial's collator: picture and prompt prepared for each batch, all but the answer masked."""
        chosen = [examples[page] for page in pages]
        prepared = [prepare(loaded, open_example(one).image, prompt, job.mode) for one in chosen]
        answers = [answer_ids(loaded, one.text or "") for one in chosen]
        batch = gather(prepared, answers, pad="right", loaded=loaded)
        return {**batch.to("cpu", loaded.placement.dtype).inputs, "labels": batch.labels}

    on_gpu = loaded.placement.device != "cpu"
    with TemporaryDirectory() as folder:
        settings = transformers.TrainingArguments(
            output_dir=folder, per_device_train_batch_size=job.batch, max_steps=job.steps * job.epochs,
            learning_rate=recipe.learning_rate, lr_scheduler_type="constant", seed=recipe.seed,
            bf16=loaded.placement.dtype_name == "bfloat16", use_cpu=not on_gpu,
            gradient_checkpointing=job.checkpointing and job.who == "plain",
            gradient_checkpointing_kwargs={"use_reentrant": False}, logging_steps=1, logging_first_step=True,
            save_strategy="no", report_to=[], remove_unused_columns=False, disable_tqdm=True,
            train_sampling_strategy="sequential", dataloader_pin_memory=on_gpu,
        )  # fmt: skip
        trainer = transformers.Trainer(
            model=pupil.adapters, args=settings, train_dataset=order, data_collator=collated,
            callbacks=[_Clock(loaded.placement, took)],
        )  # fmt: skip
        trainer.train()


def recipe_of(job: Job) -> VlmRecipe:
    """What a cell trains by; `plain` takes from it what it has in common with ours."""
    told: dict[str, object] = {
        "model": job.weights, "method": job.method, "preset": job.preset, "mode": job.mode, "dropout": 0.0,
        "batch_pages": job.batch, "accumulation": 1, "epochs": job.epochs, "learning_rate": job.rate,
        "warmup_steps": 0, "schedule": "constant", "gradient_checkpointing": job.checkpointing,
    }  # fmt: skip
    return VlmRecipe.model_validate(told | _CHANGED.get(job.who, {}))


def _source(job: Job) -> StoredModel:
    return StoredModel("random", Path(job.weights), "", "", "deepseek-ocr-2", "0" * 64)


def _examples(loaded: Loaded, job: Job) -> list[Example]:
    """Synthetic pages with answers of about `tokens` tokens: their text again and again, cut."""
    found = []
    for number, example in enumerate(synthesise(job.steps * job.batch, 1)):
        text, tokens = example.text or "", int(job.tokens * _LENGTHS[number % len(_LENGTHS)])
        ids = answer_ids(loaded, text * (1 + tokens // max(1, len(answer_ids(loaded, text)) - 1)))
        cut = loaded.tokenizer.decode(ids[: tokens - 1])
        found.append(Example(example.image, example.source, cut, example.category))
    return found


def _lengths(loaded: Loaded, job: Job) -> list[int]:
    """Tokens of each page: picture, prompt and answer."""
    prompt = prompt_of(loaded.architecture, Task.TEXT)
    lengths = []
    for example in _examples(loaded, job):
        page = prepare(loaded, open_example(example).image, prompt, job.mode)
        lengths.append(page.prompt_tokens + int(answer_ids(loaded, example.text or "").numel()))
    return lengths


def _looked_at(loaded: Loaded, job: Job, recipe: VlmRecipe, took: Took) -> Samples:
    samples = Samples(loaded, _examples(loaded, job), recipe)
    began = time.perf_counter()
    samples.study(Silent())
    _wait(loaded.placement)
    took.look_s = time.perf_counter() - began
    return samples


def _steps(lengths: Sequence[int], job: Job, recipe: VlmRecipe) -> list[tuple[int, ...]]:
    """The pages of every step, as our own course takes them."""
    return [
        step for epoch in range(job.epochs) for step in steps_of_epoch(lengths, job.batch, recipe.seed, epoch)
    ]


def _padding(lengths: Sequence[int], job: Job, recipe: VlmRecipe) -> int:
    """Tokens that are computed only because pages stand side by side."""
    steps = [[lengths[page] for page in step] for step in _steps(lengths, job, recipe)]
    return sum(max(step) * len(step) - sum(step) for step in steps)


def _start_counting(placement: Placement) -> None:
    """The peak begins here: with the weights in memory, after whatever loading them took."""
    if placement.device.startswith("cuda"):
        torch.cuda.reset_peak_memory_stats(placement.device)
    else:
        reset_peak_memory()


def _peak_mb(placement: Placement) -> float:
    if placement.device.startswith("cuda"):
        return torch.cuda.max_memory_allocated(placement.device) / _MIB
    return peak_memory_mb() or 0.0


def _wait(placement: Placement) -> None:
    if placement.device.startswith("cuda"):
        torch.cuda.synchronize(placement.device)


if __name__ == "__main__":
    main()
