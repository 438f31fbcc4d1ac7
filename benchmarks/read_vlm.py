"""Reading with a vision-language model: recto's batches beside plain `generate`, one page at a time.

Plain is what a first tutorial does: processor, `model.generate`, decode, page by page, in transformers' own
defaults. Ours is the engine as it reads: blank test, preparing in threads, batches, guards, probabilities of
tokens. Both run the same weights in the same numbers on the same synthetic pages, and write exactly
`--tokens` tokens a page. They take turns, round by round; a ratio is the median over rounds. Memory is the
peak of a GPU, weights included; on a CPU all that the process has resident (RSS), with what earlier cells
left.

Weights are random, in DeepSeek-OCR-2's architecture: `full` is the published size, the default on a GPU,
where a broken promise (5 times plain's pages/s at a batch of 16 or more, under 1 s a page) exits with 1.

    python benchmarks/read_vlm.py [--size full|small|tiny] [--device auto] [--batch 1 4 16] [--tokens 800]
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import torch
import transformers
from PIL import Image as PillowImage
from vlm_sizes import SIZES, random_model

from recto.datasets.pages import open_example
from recto.datasets.synthesis import synthesise
from recto.documents.page import Page
from recto.engines.vlm.adapters import SharedWeights
from recto.engines.vlm.device import choose
from recto.engines.vlm.experts import compute_experts
from recto.engines.vlm.generating import Decoding, Generated, generate
from recto.engines.vlm.loading import Loaded
from recto.engines.vlm.opening import Opened
from recto.engines.vlm.preparing import Prepared
from recto.engines.vlm.reader import VlmEngine
from recto.engines.vlm.tasks import Task
from recto.evaluation.machine import describe_machine, peak_memory_mb, reset_peak_memory
from recto.settings import VlmSettings

TIMES_PLAIN = 5.0
AT_BATCH = 16
SECONDS_PER_PAGE = 1.0

Read = Callable[[Sequence[Page]], object]


class FixedLength(VlmEngine):
    """The engine, made to write `tokens` tokens a page."""

    tokens = 0

    def _generate(self, loaded: Loaded, prepared: Sequence[Prepared], decoding: Decoding) -> list[Generated]:
        written = generate(loaded, prepared, replace(decoding, least_tokens=self.tokens))
        assert all(one.written_tokens == self.tokens for one in written)
        return written


@dataclass(slots=True)
class Cell:
    """One way to read: the seconds of each round, and the most memory that it took."""

    name: str
    read: Read
    batch: int
    seconds: list[float] = field(default_factory=list)
    peak_mb: float = 0.0


def main() -> int:
    """Measure, print, judge."""
    options = arguments()
    placement = choose(VlmSettings(device=options.device, attention=options.attention, dtype=options.dtype))
    on_gpu = placement.device != "cpu"
    size = options.size or ("full" if on_gpu else "small")
    tokens = options.tokens or (800 if on_gpu else 64)
    loaded = random_model(size, placement)
    compute_experts(loaded, options.experts)
    pages = [open_example(example) for example in synthesise(options.pages, 1)]
    cells = [Cell("plain", lambda pages: plain(loaded, pages, tokens), 1)]
    cells += [cell for batch in options.batch for cell in ours(loaded, batch, tokens, options)]
    print(head(loaded, size, tokens, pages))
    for cell in cells:
        cell.read(pages[: cell.batch])  # first calls compile kernels and fill caches
    for _ in range(options.rounds):
        for cell in cells:
            measure(cell, pages, placement.device)
    print(table(cells, len(pages), tokens))
    return judged(cells, len(pages)) if on_gpu and size == "full" else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, help="full on a GPU, small on a CPU")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--attention", default="auto", choices=["auto", "flash", "sdpa", "eager"])
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--tokens", type=int, help="written for each page: 800 on a GPU, 64 on a CPU")
    parser.add_argument("--pages", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--static", action="store_true", help="beside it, with a static cache")
    parser.add_argument("--compile", action="store_true", help="beside it, compiled, with a static cache")
    parser.add_argument(
        "--experts",
        choices=["auto", "eager", "batched_mm", "grouped_mm"],
        default="auto",
        help="how ours and plain compute them",
    )
    return parser.parse_args()


def plain(loaded: Loaded, pages: Sequence[Page], tokens: int) -> list[str]:
    """As a first tutorial has it."""
    model, tokenizer = loaded.model, loaded.tokenizer
    processor = transformers.DeepseekOcr2Processor(transformers.DeepseekOcr2ImageProcessorPil(), tokenizer)
    texts = []
    for page in pages:
        inputs = processor(
            images=PillowImage.fromarray(page.image),
            text="<image>\nFree OCR.",
            return_tensors="pt",
            crop_to_patches=False,
            tile_size=1024,
        ).to(loaded.placement.device, loaded.placement.dtype)
        with torch.no_grad():
            written = model.generate(
                **inputs,
                max_new_tokens=tokens,
                min_new_tokens=tokens,
                do_sample=False,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        answer = written[0, inputs["input_ids"].shape[1] :]
        assert len(answer) == tokens
        texts.append(tokenizer.decode(answer))
    return texts


def ours(loaded: Loaded, batch: int, tokens: int, options: argparse.Namespace) -> list[Cell]:
    """The engine at one size of batch, with what else was asked for."""
    ways = [("ours", False, False)]
    ways += [("ours, static cache", True, False)] if options.static else []
    ways += [("ours, compiled", True, True)] if options.compile else []
    cells = []
    for name, static, compiled in ways:
        settings = VlmSettings(
            batch_pages=batch,
            max_new_tokens=tokens,
            retry_temperatures=(),
            static_cache=static,
            compile=compiled,
        )
        opened = Opened(SharedWeights(loaded), None, "base", Task.TEXT, "random")
        engine = FixedLength(opened, settings)
        engine.tokens = tokens
        cells.append(Cell(name, engine.read, batch))
    return cells


def measure(cell: Cell, pages: Sequence[Page], device: str) -> None:
    """One round of a cell: all pages."""
    on_cuda = device.startswith("cuda")
    if on_cuda:
        torch.cuda.reset_peak_memory_stats(device)
    else:
        reset_peak_memory()
    began = time.perf_counter()
    cell.read(pages)
    if on_cuda:
        torch.cuda.synchronize(device)
    cell.seconds.append(time.perf_counter() - began)
    peak = torch.cuda.max_memory_allocated(device) / 2**20 if on_cuda else peak_memory_mb() or 0.0
    cell.peak_mb = max(cell.peak_mb, peak)


def times_plain(cell: Cell, plainly: Cell) -> float:
    return statistics.median(p / c for p, c in zip(plainly.seconds, cell.seconds, strict=True))


def head(loaded: Loaded, size: str, tokens: int, pages: Sequence[Page]) -> str:
    machine = describe_machine(("transformers",))
    device = loaded.placement.device
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else machine.cpu
    count = sum(parameter.numel() for parameter in loaded.model.parameters())
    return (
        f"{size}: {count / 1e6:,.1f} M random parameters; {len(pages)} pages (base), {tokens} tokens each\n"
        f"{loaded.placement}, on {name}, {machine.cores} cores\n"
        f"torch {torch.__version__}, transformers {transformers.__version__}\n"
    )


def table(cells: Sequence[Cell], pages: int, tokens: int) -> str:
    rows = [
        "| way | batch | pages/s | tokens/s | s per page | × plain | peak memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for cell in cells:
        per_page = statistics.median(cell.seconds) / pages
        rows.append(
            f"| {cell.name} | {cell.batch} | {1 / per_page:.2f} | {tokens / per_page:,.0f} | {per_page:.3f} "
            f"| {times_plain(cell, cells[0]):.2f} | {cell.peak_mb:,.0f} MiB |"
        )
    return "\n".join(rows)


def judged(cells: Sequence[Cell], pages: int) -> int:
    """1 where no cell of a large batch keeps the promise."""
    large = [cell for cell in cells[1:] if cell.batch >= AT_BATCH]
    if not large:
        print(f"\nnot judged: no batch of {AT_BATCH} or more")
        return 0
    best = max(large, key=lambda cell: times_plain(cell, cells[0]))
    times, per_page = times_plain(best, cells[0]), statistics.median(best.seconds) / pages
    kept = times >= TIMES_PLAIN and per_page < SECONDS_PER_PAGE
    word = "kept" if kept else "BROKEN"
    print(f"\n{word}: {best.name}, batch {best.batch}: {times:.2f} × plain, {per_page:.3f} s a page")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
