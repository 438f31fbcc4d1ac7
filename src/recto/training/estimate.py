"""Estimate: the time and memory that a training will take, told before it, and held against what it took.

Only arithmetic and words are here; what is measured on this machine comes from the way of learning
(`ctc/calibration` and the like).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from recto.datasets.example import Example

NO_ESTIMATE = "No estimate: the sample pages have nothing to learn from."
_PAGE = 30.0
"""Finding the lines of a page takes about as long as computing and reading this many lines."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a training should take on this machine. Seconds; memory in MiB; lines (or pages) of train and val.

    `epoch_s` is one epoch, of `epochs` at most; `calibration_s` is what it took to know. `memory_mb` is that
    of the device that trains, which has `device_mb` in all (None: the device is this computer).
    """

    documents: int
    train_count: int
    val_count: int
    prepare_s: float
    epoch_s: float
    epochs: int
    write_s: float
    memory_mb: float | None
    calibration_s: float
    unit: Literal["lines", "pages"] = "lines"
    device_mb: float | None = None

    @property
    def fits(self) -> bool:
        """Whether the memory of the device is enough; True where that isn't known."""
        return self.device_mb is None or self.memory_mb is None or self.memory_mb <= self.device_mb

    def total_s(self, epochs: int | None = None) -> float:
        """Seconds for so many epochs, or for all of them."""
        return self.prepare_s + self.epoch_s * (self.epochs if epochs is None else epochs) + self.write_s


def weight(example: Example) -> float:
    """How much work a page is, in lines: more lines, more work, and each page must be searched."""
    if example.lines:
        return _PAGE + len(example.lines)
    return _PAGE + sum(1 for line in (example.text or "").splitlines() if line.strip())


def typical(examples: Sequence[Example], count: int) -> list[Example]:
    """`count` Examples that stand for all: from the middle of each part, by weight."""
    ranked = sorted(examples, key=weight)
    count = min(count, len(ranked))
    return [ranked[int((i + 0.5) * len(ranked) / count)] for i in range(count)]


def in_words(estimate: Estimate, cost: Callable[[float], float | None] = lambda seconds: None) -> str:
    """One sentence, for before the training; a second one where it won't fit."""
    price = cost(estimate.total_s())
    money = f", at a cost of {price:.3f}" if price is not None else ""
    work = "finding lines" if estimate.unit == "lines" else "preparing pages"
    told = (
        f"Estimate: about {estimate.train_count} {estimate.unit} to learn from and {estimate.val_count} to "
        f"choose by, {duration(estimate.total_s())}{_memory(estimate)}{money} "
        f"({duration(estimate.prepare_s)} for {work} in {estimate.documents} documents, "
        f"{duration(estimate.epoch_s)} for each of at most {estimate.epochs} epochs)."
    )
    return told if estimate.fits else f"{told} It won't fit: take a smaller batch, or another method."


def _memory(estimate: Estimate) -> str:
    if estimate.memory_mb is None:
        return ""
    said = f" and {estimate.memory_mb / 1024:.1f} GiB of memory"
    return said if estimate.device_mb is None else f"{said} of the GPU's {estimate.device_mb / 1024:.1f}"


def held_against(estimate: Estimate, seconds: float, epochs: int, memory_mb: float | None) -> str:
    """One sentence, for after it: what was estimated for the epochs that ran, and what they took."""
    expected = estimate.total_s(epochs)
    said = f"{duration(expected)} for {epochs} epochs"
    took = duration(seconds)
    if memory_mb and estimate.memory_mb:
        said += f" and {estimate.memory_mb / 1024:.1f} GiB"
        took += f" and {memory_mb / 1024:.1f} GiB"
    return f"Estimated: {said}; it took {took} ({seconds / expected - 1:+.0%} time)."


def duration(seconds: float) -> str:
    """`42 s`, `3 min 05 s`, `1 h 02 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
