"""Fine-tuning a vision-language model: recto beside plain transformers + PEFT, and Unsloth where it runs.

Each cell (who, method, mode, batch) trains in a process of its own, so that its peak of memory is its own and
one that runs out of memory is a row and no end; see `train_vlm_cell.py` for what each does. All train the
same random weights, in DeepSeek-OCR-2's architecture, on the same synthetic pages, with answers of about
`--tokens` tokens. They take turns, round by round; a ratio is the median over rounds.

s/step is the median over all steps but the first, which loads kernels (or compiles) and counts as the median.
tokens/s is all of the pages' tokens (picture, prompt and answer, no padding) over everything that `--epochs`
epochs take: ours looks at each page once before the first step, plain prepares and sees it at every step.
`padding` is the share of computed tokens that are none. Memory is a GPU's peak, on a CPU all that the process
has resident (RSS), the program included.

`apart` lays two loss curves side by side, of the same pages in the same order: their largest difference at
any step, as a share of what plain's loss fell by from the first epoch to the last. Where it fell by less than
1 %, too little was learnt for the curves to be compared.

On a GPU with `--size full` the promise is judged (LoRA in 16 bits, base, batch 8: 1.4 times plain's tokens/s,
at most 60 % of its memory, curves no further apart than 10 %). It exits with 1 where that is broken, where a
cell failed that should not have (memory that ran out and packages that aren't here are told in their rows),
and where no cell came to an end.

    python benchmarks/train_vlm.py [--size full|small|tiny] [--device auto] [--batch 1 8] [--mode base gundam]
        [--method lora qlora] [--who plain ours ours-padded unsloth] [--steps 8] [--epochs 3] [--tokens 800]
"""

import argparse
import json
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from itertools import product
from pathlib import Path

from train_vlm_cell import WAYS, Job, Took
from vlm_sizes import SIZES

from recto.engines.vlm.device import choose
from recto.evaluation.machine import describe_machine
from recto.settings import VlmSettings

HERE = Path(__file__).parent
TIMES_PLAIN, SHARE_OF_MEMORY, LOSSES_APART = 1.4, 0.6, 0.1
LEAST_FALL = 0.01
"""Of the first loss."""
PROMISED = ("lora", "base", 8)
_KILLED = "killed (SIGKILL): out of memory?"


@dataclass(frozen=True, slots=True)
class Cell:
    """What one job did in all rounds."""

    job: Job
    rounds: list[Took] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str, int]:
        """What is compared: method, mode, batch."""
        return (self.job.method, self.job.mode, self.job.batch)

    @property
    def failed(self) -> str:
        """What it died of, if it did in a round."""
        return next((took.failed for took in self.rounds if took.failed), "")

    @property
    def is_fault(self) -> bool:
        """Whether it died of what nobody foresees."""
        return any(took.failed and not took.excused for took in self.rounds)

    @property
    def tokens_per_s(self) -> list[float]:
        """Of the whole training, looking at the pages included, in each round."""
        return [took.tokens / (took.look_s + _all_steps_s(took)) for took in self.rounds]

    @property
    def peak_mb(self) -> float:
        """The most of all rounds."""
        return max(took.peak_mb for took in self.rounds)

    @property
    def losses(self) -> list[float]:
        """The same in all rounds."""
        return self.rounds[0].losses


def _step_s(took: Took) -> float:
    """Seconds of a step, the first one left out."""
    return statistics.median(took.step_s[1:] or took.step_s)


def _all_steps_s(took: Took) -> float:
    """Seconds of all steps, the first one as the others."""
    return _step_s(took) + sum(took.step_s[1:])


def main() -> int:
    """Measure, print, judge."""
    options = arguments()
    placement = choose(VlmSettings(device=options.device, dtype=options.dtype))
    on_gpu = placement.device != "cpu"
    size = options.size or ("full" if on_gpu else "tiny")
    with tempfile.TemporaryDirectory(prefix="recto-train-vlm-") as folder:
        where = save(size, Path(folder), options)
        print(head(size, where, str(placement), options), flush=True)
        cells = [Cell(job) for job in jobs(Path(folder), options, on_gpu=on_gpu)]
        for key in dict.fromkeys(cell.key for cell in cells):
            compared = [cell for cell in cells if cell.key == key]
            for _ in range(options.rounds):
                for cell in compared:
                    cell.rounds.append(trained(cell.job))
            print("\n".join(row(cell, compared) for cell in compared), flush=True)
    if on_gpu and size == "full":
        return max(judged(cells), faults(cells))
    print("\nnothing is judged: the promises are about the full size on a GPU")
    return faults(cells)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=SIZES, help="full on a GPU, tiny on a CPU")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--dtype", default="auto", choices=["auto", "bfloat16", "float32"])
    who = ["plain", "ours", "ours-padded", "unsloth"]
    parser.add_argument("--who", nargs="+", choices=list(WAYS), default=who)
    methods = ["lora", "lora-8bit", "qlora"]
    parser.add_argument("--method", nargs="+", choices=methods, default=["lora", "qlora"])
    parser.add_argument("--preset", choices=["attention", "language", "all", "experts"], default="attention")
    parser.add_argument("--mode", nargs="+", choices=["base", "gundam"], default=["base", "gundam"])
    parser.add_argument("--batch", type=int, nargs="+", help="1 2 4 8 on a GPU, 1 8 on a CPU")
    parser.add_argument("--steps", type=int, help="an epoch: 8 on a GPU, 3 on a CPU")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--tokens", type=int, help="of an answer, about: 800 on a GPU, 128 on a CPU")
    parser.add_argument("--rate", type=float, help="constant: 0.001 on a GPU, 0.01 on a CPU, to learn a lot")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--no-checkpointing", action="store_true", help="keep what the backward pass needs, in ours and plain"
    )
    return parser.parse_args()


def save(size: str, folder: Path, options: argparse.Namespace) -> str:
    """Random weights, made by a process that then leaves the GPU alone; what it was made on."""
    command = [sys.executable, str(HERE / "vlm_sizes.py"), size, str(folder), options.device, options.dtype]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def jobs(weights: Path, options: argparse.Namespace, *, on_gpu: bool) -> Iterator[Job]:
    """Cell by cell; those that are compared follow each other."""
    batches = options.batch or ([1, 2, 4, 8] if on_gpu else [1, 8])
    for method, mode, batch, who in product(options.method, options.mode, batches, options.who):
        yield Job(
            who=who,
            weights=str(weights),
            method=method,
            preset=options.preset,
            mode=mode,
            batch=batch,
            steps=options.steps or (8 if on_gpu else 3),
            epochs=options.epochs,
            tokens=options.tokens or (800 if on_gpu else 128),
            rate=options.rate or (1e-3 if on_gpu else 1e-2),
            device=options.device,
            dtype=options.dtype,
            checkpointing=not options.no_checkpointing,
        )


def trained(job: Job) -> Took:
    """What the cell's process told; what it died of, where it told nothing."""
    command = [sys.executable, str(HERE / "train_vlm_cell.py"), json.dumps(asdict(job))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode == -signal.SIGKILL:
        return Took(failed=_KILLED, excused=True)
    if done.returncode:
        said = re.findall(r"^[\w.]+(?:Error|Exception|Package)\b.*", done.stderr, re.MULTILINE)
        return Took(failed=(said or [f"ended with {done.returncode}"])[-1][:100])
    return Took(**json.loads(done.stdout.strip().splitlines()[-1]))


def head(size: str, where: str, placement: str, options: argparse.Namespace) -> str:
    machine = describe_machine(("transformers", "peft", "bitsandbytes", "unsloth"))
    versions = ", ".join(f"{package} {version}" for package, version in sorted(machine.packages.items()))
    return (
        f"{size}, random weights; {options.epochs} epochs; adapters on {options.preset}\n"
        f"{placement}, on {where or machine.cpu}, {machine.cores} cores\n{versions}\n\n"
        "| who | method | mode | batch | s/step | looking | padding | tokens/s | × plain | peak memory "
        "| of plain's | loss | apart |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|"
    )


def row(cell: Cell, cells: Sequence[Cell]) -> str:
    job = cell.job
    begin = f"| {job.who} | {job.method} | {job.mode} | {job.batch} "
    if cell.failed:
        return f"{begin}| {cell.failed} | | | | | | | | |"
    look_s = statistics.median(took.look_s for took in cell.rounds)
    step_s = statistics.median(map(_step_s, cell.rounds))
    padding = cell.rounds[0].padding / (cell.rounds[0].tokens + cell.rounds[0].padding)
    plainly = plain_of(cell, cells)
    beside = plainly is not None and cell is not plainly
    faster = f"{times(cell, plainly):.2f}" if plainly and beside else ""
    share = f"{cell.peak_mb / plainly.peak_mb:.0%}" if plainly and beside else ""
    tokens = statistics.median(cell.tokens_per_s)
    return (
        f"{begin}| {step_s:.3f} | {look_s:.1f} s | {padding:.0%} | {tokens:,.0f} "
        f"| {faster} | {cell.peak_mb:,.0f} MiB | {share} | {cell.losses[0]:.3f} → {cell.losses[-1]:.3f} "
        f"| {told_apart(cell, plainly) if plainly and beside else ''} |"
    )


def times(cell: Cell, plainly: Cell) -> float:
    """How many times plain's tokens/s."""
    pairs = zip(cell.tokens_per_s, plainly.tokens_per_s, strict=True)
    return statistics.median(one / other for one, other in pairs)


def plain_of(cell: Cell, cells: Sequence[Cell]) -> Cell | None:
    """Plain's cell of the same kind, where it came to an end."""
    return next((c for c in cells if c.job.who == "plain" and c.key == cell.key and not c.failed), None)


def apart(cell: Cell, plainly: Cell) -> float | None:
    """How far apart two curves are at most, in what plain's fell by; None where it hardly fell."""
    first = statistics.mean(plainly.losses[: plainly.job.steps])
    fall = first - statistics.mean(plainly.losses[-plainly.job.steps :])  # of whole epochs: the same pages
    if fall < LEAST_FALL * first:
        return None
    return max(abs(one - other) for one, other in zip(cell.losses, plainly.losses, strict=True)) / fall


def told_apart(cell: Cell, plainly: Cell) -> str:
    share = apart(cell, plainly)
    return "hardly fell" if share is None else f"{share:.2%}"


def judged(cells: Sequence[Cell]) -> int:
    """1 where the promise is broken; 0 where it is kept, or wasn't asked about."""
    asked = {c.job.who: c for c in cells if c.key == PROMISED}
    ours, plainly = asked.get("ours"), asked.get("plain")
    if ours is None or plainly is None:
        print("\nnot judged: plain and ours by LoRA at base with a batch of 8 were not both asked for")
        return 0
    if ours.failed or plainly.failed:
        print(f"\nnot judged: ours: {ours.failed or 'well'}; plain: {plainly.failed or 'well'}")
        return 1 if ours.failed else 0
    faster, share, noise = times(ours, plainly), ours.peak_mb / plainly.peak_mb, apart(ours, plainly)
    kept = faster >= TIMES_PLAIN and share <= SHARE_OF_MEMORY and noise is not None and noise <= LOSSES_APART
    word = "kept" if kept else "BROKEN"
    curves = (
        "the loss hardly fell, so nothing shows that both learn alike" if noise is None else f"{noise:.1%}"
    )
    print(f"\n{word}: {faster:.2f} × plain, {share:.0%} of its memory; loss curves apart: {curves}")
    return 0 if kept else 1


def faults(cells: Sequence[Cell]) -> int:
    """1 where a cell failed that should not have, or all did."""
    wrong = [cell for cell in cells if cell.is_fault]
    for cell in wrong:
        print(f"failed: {cell.job.who} {cell.key}: {cell.failed}", file=sys.stderr)
    return 1 if wrong or all(cell.failed for cell in cells) else 0


if __name__ == "__main__":
    raise SystemExit(main())
