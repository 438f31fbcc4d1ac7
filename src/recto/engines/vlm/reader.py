"""VlmEngine: pages → blank or not → batches of like pages → answers → Transcripts, with retries where needed.

Pages are made ready in threads, those of the next batch while the model writes about this one. A batch that
doesn't fit into a GPU's memory is halved, and so are those after it.
"""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.vlm.answers import Answer, blank, style_of, transcript_of
from recto.engines.vlm.experts import compute_experts
from recto.engines.vlm.generating import Decoding, Generated, generate
from recto.engines.vlm.guards import ink_px
from recto.engines.vlm.ladder import Rung, climb
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.opening import Opened, open_for_reading
from recto.engines.vlm.packages import torch
from recto.engines.vlm.preparing import Prepared, prepare
from recto.engines.vlm.tasks import prompt_of, task_named
from recto.errors import EngineError
from recto.settings import Settings, VlmSettings

BATCHES_AHEAD = 4
"""How many batches' pages the engine likes to get at once, to put those of like length together."""

_THREADS = 8


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of reading: resolution and how tokens are chosen."""

    mode: str
    decoding: Decoding


class VlmEngine:
    """Reads pages with a vision-language model on this machine.

    `label` is name and version. Several engines may share one base; whoever reads waits for its turn.
    """

    def __init__(
        self,
        opened: Opened,
        settings: VlmSettings,
        *,
        what: str = "",
        second: Engine | None = None,
        threads: ThreadPoolExecutor | None = None,
    ) -> None:
        """`what` is the thing to find for the task locate; `second` reads what this one can't."""
        architecture = opened.base.loaded.architecture
        self._opened, self._settings, self._second = opened, settings, second
        self._prompt = prompt_of(architecture, opened.task, what)
        self._style = style_of(architecture, opened.task)
        self._together = settings.batch_pages
        self._threads = threads or ThreadPoolExecutor(min(os.cpu_count() or 1, _THREADS), "vlm")
        self.label = f"vlm {opened.label}"
        self.batch_pages = BATCHES_AHEAD * settings.batch_pages

    @property
    def gpu_memory_bytes(self) -> int:
        """What PyTorch has allocated on the engine's device now; 0 on a CPU."""
        device = self._opened.base.loaded.placement.device
        match device.partition(":")[0]:
            case "cuda":
                return int(torch.cuda.memory_allocated(device))
            case "xpu":
                return int(torch.xpu.memory_allocated(device))
            case "mps":
                return int(torch.mps.current_allocated_memory())
        return 0

    def with_task(self, task: str, what: str = "") -> "VlmEngine":
        """The same weights, asked for another task. Raises EngineError for an unknown one."""
        opened = replace(self._opened, task=task_named(task))
        return VlmEngine(opened, self._settings, what=what, second=self._second, threads=self._threads)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order; a blank page's is empty, and the model isn't asked about it.

        `seconds` is each page's share of what was read together. Raises EngineError.
        """
        ink = list(self._threads.map(ink_px, [page.image for page in pages]))
        order = sorted((i for i in range(len(pages)) if ink[i]), key=lambda i: self._cost(pages[i], ink[i]))
        found = climb([pages[i] for i in order], self._rungs()) if order else []
        readings = dict(zip(order, found, strict=True))
        return [
            readings[i] if i in readings else blank(page, self._style, engine=self.label)
            for i, page in enumerate(pages)
        ]

    def _cost(self, page: Page, ink: int) -> tuple[int, int]:
        """What a page costs: a batch lasts as long as its longest answer. The longest come first."""
        mode = self._opened.base.loaded.architecture.mode(self._opened.mode)
        return -mode.prompt_tokens(page.width, page.height), -ink

    def _rungs(self) -> list[Rung]:
        """As the settings say: plainly, warmer, in another mode, by another engine."""
        settings, plain = self._settings, _decoding(self._settings)
        rungs = [self._rung(f"at temperature {plain.temperature:g}", _Way(self._opened.mode, plain))]
        for seed, temperature in enumerate(settings.retry_temperatures, 1):
            warmer = replace(plain, temperature=temperature, seed=seed, beams=1)
            rungs.append(self._rung(f"at temperature {temperature:g}", _Way(self._opened.mode, warmer)))
        if settings.retry_mode:
            rungs.append(self._rung(f"in mode {settings.retry_mode}", _Way(settings.retry_mode, plain)))
        if self._second is not None:
            rungs.append(Rung(f"by {self._second.label}", self._second.read))
        return rungs

    def _rung(self, name: str, way: _Way) -> Rung:
        return Rung(name, lambda pages: self._read_way(pages, way))

    def _read_way(self, pages: Sequence[Page], way: _Way) -> list[Transcript]:
        """Batch by batch; the next one is made ready while the model writes about this one."""
        with self._opened.base.using(self._opened.adapter) as loaded:
            readings: list[Transcript] = []
            ready = self._make_ready(loaded, pages[: self._together], way)
            while len(readings) < len(pages):
                started, done = time.perf_counter(), len(readings)
                prepared = [one.result() for one in ready]
                ready = self._make_ready(loaded, pages[done + len(prepared) :][: self._together], way)
                answers = self._written(loaded, prepared, way.decoding)
                seconds = (time.perf_counter() - started) / len(answers)
                readings += [
                    self._transcript(*each, seconds)
                    for each in zip(pages[done : done + len(answers)], answers, strict=True)
                ]
            return readings

    def _make_ready(self, loaded: Loaded, pages: Sequence[Page], way: _Way) -> list[Future[Prepared]]:
        return [self._threads.submit(prepare, loaded, page.image, self._prompt, way.mode) for page in pages]

    def _written(self, loaded: Loaded, prepared: Sequence[Prepared], decoding: Decoding) -> list[Generated]:
        """What is written about the pages of one batch: all at once, or by halves where memory runs out."""
        try:
            return self._generate(loaded, prepared, decoding)
        except torch.OutOfMemoryError as error:
            if len(prepared) == 1:
                raise EngineError(
                    "the GPU's memory doesn't hold a single page",
                    where=f"[vlm] on {loaded.placement}",
                    hint='bits = 4, a smaller mode or max_new_tokens, or device = "cpu"',
                ) from error
        torch.cuda.empty_cache()
        half = (len(prepared) + 1) // 2
        self._together = min(self._together, half)
        halves = (prepared[:half], prepared[half:])
        return [written for one in halves for written in self._written(loaded, one, decoding)]

    def _generate(self, loaded: Loaded, prepared: Sequence[Prepared], decoding: Decoding) -> list[Generated]:
        """A compiled step is made for one size of batch: a smaller one is filled up."""
        filling = [prepared[-1]] * (self._together - len(prepared)) if decoding.compile else []
        return generate(loaded, [*prepared, *filling], decoding)[: len(prepared)]

    def _transcript(self, page: Page, written: Generated, seconds: float) -> Transcript:
        answer = Answer(written.text, written.finish, written.logprobs_of)
        return transcript_of(page, answer, self._style, engine=self.label, seconds=seconds)


def _decoding(settings: VlmSettings) -> Decoding:
    return Decoding(
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        beams=settings.beams,
        repetition_penalty=settings.repetition_penalty,
        no_repeat_ngram=settings.no_repeat_ngram,
        ngram_window=settings.ngram_window,
        static_cache=settings.static_cache or settings.compile,
        compile=settings.compile,
    )


def open_engine(model: Path | None, settings: Settings) -> VlmEngine:
    """The engine with the model folder `model`, or with the base weights of `[vlm]`, as the settings say.

    Raises what opening and loading raise, and EngineError for a second engine that can't be one.
    """
    opened = open_for_reading(model, settings.vlm)
    compute_experts(opened.base.loaded, settings.vlm.experts)
    name = settings.vlm.second_engine
    if name == "vlm":
        raise EngineError(
            "vlm can't be its own second engine", where="[vlm] second_engine", hint='for example "ppocr"'
        )
    if settings.vlm.retry_mode:
        opened.base.loaded.architecture.mode(settings.vlm.retry_mode)
    return VlmEngine(opened, settings.vlm, second=load(name, settings=settings) if name else None)
