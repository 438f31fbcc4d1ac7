"""Learning curve: how much do 5, 10, 25, … corrected receipts teach, in how many seconds?

    python benchmarks/learning_curve.py --sizes 5,10,25,50,100,200,400 --out curve

For each size, so many train receipts are drawn by seed and given to `recto train` (a process of its own)
with their page text alone. The model is measured on the test split: whole pages, and the labelled lines of
vendors that the drawn receipts don't name. Seconds are those of the whole training command, loading
included; measuring isn't. The base model reads the same lines, as recto does ("base": a space that comes
near is a space) and by stock decoding ("stock"). Exits with 1 where a promise is broken.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from recto.datasets.example import Example
from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.datasets.synthesis.canary import canary_examples
from recto.documents.normalise import nfc, squeeze_whitespace
from recto.documents.page import Image
from recto.engines.model_folder import RECOGNISER, open_model
from recto.engines.ppocr import load
from recto.engines.ppocr.crops import crop_line, quad_of_box, scale_line
from recto.engines.ppocr.networks import usable_cores
from recto.engines.ppocr.recogniser import NEAR_SPACE, Recogniser
from recto.engines.ppocr.weights import RECOGNISER_FILE, weights_path
from recto.evaluation.evaluate import evaluate
from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import total
from recto.evaluation.report import DatasetInfo, Report
from recto.training.vendors import metrics_of, unseen

MARGIN = 0.13  # of the height: labelled boxes are drawn so much tighter than the detector's
PROMISES = {10: (60.0, 0.25), 100: (240.0, 0.35)}
"""Receipts → seconds at most, and by how much the line CER of unseen vendors must fall."""


@dataclass(frozen=True)
class LabelledLine:
    """The image of a labelled line, and what it says."""

    image: Image
    text: str


@dataclass(frozen=True)
class Row:
    """What one size gave."""

    receipts: int
    seconds: float
    peak_mb: float
    line_cer: float
    line_cer_base: float
    line_cer_stock: float
    lines: int
    page_cer: float
    page_cer_unseen: float
    canary_cer: float
    seconds_per_page: float


def main() -> None:
    """Measure and print the curve; exits with 1 where a promise is broken."""
    options = _options()
    dataset = load_dataset(options.data)
    sizes = [int(size) for size in options.sizes.split(",")]
    order = random.Random(options.seed).sample(dataset.split("train"), len(dataset.split("train")))
    test = dataset.split("test")
    base = _measured(None, test)
    canary = _canary_cer(None)
    seconds = base.metrics.seconds_per_page
    print(f"base: page CER {base.metrics.cer_casefold:.2%}, canary CER {canary:.2%}, {seconds:.2f} s/page")
    rows = []
    for size in sizes:
        rows.append(_row(order[: min(size, len(order))], test, options))
        print(json.dumps(rows[-1].__dict__), flush=True)
    _print_table(rows, base)
    broken = _broken(rows, canary)
    for words in broken:
        print(f"BROKEN: {words}")
    sys.exit(1 if broken else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data/sroie"))
    parser.add_argument("--sizes", default="5,10,25,50,100,200,400")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=None, help="keep the runs here")
    return parser.parse_args()


def _row(taught: Sequence[Example], test: Sequence[Example], options: argparse.Namespace) -> Row:
    with tempfile.TemporaryDirectory() as scratch:
        out = (options.out or Path(scratch)) / f"run-{len(taught)}-seed-{options.seed}"
        data = _write(taught, Path(scratch) / "data")
        seconds = _train(data, out)
        figures = json.loads((out / "metrics.json").read_text())
        report = _measured(out / "model", test)
        new = unseen(test, taught)
        lines = _lines([e for e in test if (e.image, e.page or 1) in new] if new else [])
        return Row(
            receipts=len(taught),
            seconds=seconds,
            peak_mb=figures["training_peak_memory_mb"],
            line_cer=_line_cer(out / "model", lines),
            line_cer_base=_line_cer(None, lines),
            line_cer_stock=_line_cer(None, lines, near_space=0.0),
            lines=len(lines),
            page_cer=report.metrics.cer_casefold,
            page_cer_unseen=_unseen_cer(report, new),
            canary_cer=_canary_cer(out / "model"),
            seconds_per_page=report.metrics.seconds_per_page,
        )


def _write(taught: Sequence[Example], folder: Path) -> Path:
    """A dataset of page texts: images by links, no boxes, no fields."""
    (folder / "images").mkdir(parents=True)
    rows = []
    for number, example in enumerate(taught):
        assert isinstance(example.source, Path)
        name = f"images/receipt_{number:04d}{example.source.suffix}"
        shutil.copyfile(example.source, folder / name)
        rows.append(
            {
                "image": name,
                "text": example.text,
                "category": "receipt",
                "split": "train",
                "case": example.case,
                "group": example.group,
            }
        )
    (folder / "annotations.json").write_text(json.dumps(rows))
    return folder


def _train(data: Path, out: Path) -> float:
    started = time.perf_counter()
    command = [
        sys.executable,
        "-c",
        "from recto.cli import main; main()",
        "train",
        str(data),
        "--out",
        str(out),
        "--overwrite",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ)
    return time.perf_counter() - started


def _measured(model: Path | None, test: Sequence[Example]) -> Report:
    return evaluate(load(model), test, dataset=DatasetInfo(root="", split="test", fingerprint=""))


def _canary_cer(model: Path | None) -> float:
    return _measured(model, canary_examples()).metrics.cer


def _unseen_cer(report: Report, new: object) -> float:
    metrics = metrics_of(report, new)  # type: ignore[arg-type]
    return metrics.cer_casefold if metrics else float("nan")


def _lines(examples: Sequence[Example]) -> list[LabelledLine]:
    found = []
    for example in examples:
        image = open_example(example).image
        for line in example.lines or ():
            x0, y0, x1, y1 = line.box
            if x1 - x0 >= 1 and y1 - y0 >= 1 and x0 < image.shape[1] and y0 < image.shape[0]:
                by = MARGIN * (y1 - y0)
                crop = crop_line(image, quad_of_box((x0 - by, y0 - by, x1 + by, y1 + by)))
                found.append(LabelledLine(scale_line(crop), squeeze_whitespace(nfc(line.text))))
    return found


def _line_cer(model: Path | None, lines: Sequence[LabelledLine], near_space: float = NEAR_SPACE) -> float:
    """CER without case of labelled lines."""
    if model is None:
        reader = Recogniser(
            weights_path(RECOGNISER_FILE), script="european", precision="auto", near_space=near_space
        )
    else:
        folder = open_model(model)
        near = NEAR_SPACE if folder.card.near_space is None else folder.card.near_space
        reader = Recogniser(folder.file(RECOGNISER), script="european", precision="auto", near_space=near)
    with ThreadPoolExecutor(usable_cores()) as pool:
        readings = reader.read([line.image for line in lines], pool.map)
    return total(edits.cer_casefold(line.text, r.text) for line, r in zip(lines, readings, strict=True)).value


COLUMNS = (
    "receipts", "training", "peak memory", "line CER, unseen vendors", "base", "stock", "page CER",
    "page CER, unseen vendors", "canary CER", "s/page",
)  # fmt: skip


def _print_table(rows: Sequence[Row], base: Report) -> None:
    print(f"\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    before = base.metrics
    print(f"| 0 | | | | | | {before.cer_casefold:.2%} | | | {before.seconds_per_page:.2f} |")
    for r in rows:
        cells = (
            str(r.receipts),
            f"{r.seconds:.0f} s",
            f"{r.peak_mb / 1024:.1f} GiB",
            f"{r.line_cer:.2%} ({r.lines} lines)",
            f"{r.line_cer_base:.2%} ({r.line_cer / r.line_cer_base - 1:+.0%})",
            f"{r.line_cer_stock:.2%} ({r.line_cer / r.line_cer_stock - 1:+.0%})",
            f"{r.page_cer:.2%}",
            f"{r.page_cer_unseen:.2%}",
            f"{r.canary_cer:.2%}",
            f"{r.seconds_per_page:.2f}",
        )
        print(f"| {' | '.join(cells)} |")


def _broken(rows: Sequence[Row], canary: float) -> list[str]:
    """The promises that weren't kept, in words."""
    broken = []
    for row in rows:
        most_s, less = PROMISES.get(row.receipts, (float("inf"), -1.0))
        change = row.line_cer / row.line_cer_base - 1
        if row.seconds > most_s:
            broken.append(f"{row.receipts} receipts took {row.seconds:.0f} s, {most_s:.0f} promised")
        if -change < less:
            broken.append(f"{row.receipts} receipts: line CER {change:+.0%}, {-less:+.0%} promised")
        if row.canary_cer > canary + 0.001:
            rise = 100 * (row.canary_cer - canary)
            broken.append(f"{row.receipts} receipts: canary CER {rise:+.2f} points, +0.10 allowed")
    return broken


if __name__ == "__main__":
    main()
