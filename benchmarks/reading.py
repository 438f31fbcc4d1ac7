"""Reading: pages per second and page CER of recto's engine beside stock rapidocr and tesseract, in one run.

The engines take turns on the same portions of pages, so that a machine that speeds up or slows down does so
for all of them; a page of each set is read before the clock starts. Peers are skipped, with the reason, where
they aren't installed. Exits with 1 when a promise is broken: at least 3 times stock rapidocr's speed, and no
worse than the better peer.

    python benchmarks/reading.py [--data ../shared/data] [--sets sroie,invoices] [--split test] [--limit 20]
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recto.datasets.example import Example
from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.errors import MissingPackage
from recto.evaluation.metrics.edits import cer, cer_casefold
from recto.evaluation.metrics.ratio import Ratio, total

ENGINES = ("ppocr", "rapidocr", "tesseract")
PORTION_PAGES = 8
SPEED_PROMISE = 3.0


@dataclass(slots=True)
class Tally:
    """What one engine did with one set: seconds per portion, and errors per page."""

    seconds: list[float] = field(default_factory=list)
    strict: list[Ratio] = field(default_factory=list)
    casefolded: list[Ratio] = field(default_factory=list)

    @property
    def cer_percent(self) -> float:
        """Casefolded page CER, over all characters."""
        return 100 * total(self.casefolded).value

    @property
    def pages_per_second(self) -> float:
        """Pages read by the second."""
        return len(self.strict) / sum(self.seconds)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", default="sroie,kleister_nda,tax_forms,invoices,multilang")
    parser.add_argument("--split", default="test", help="train, val, test or all")
    parser.add_argument("--limit", type=int, default=0, help="documents per set; 0 for all")
    options = parser.parse_args()
    engines = _engines()
    kept = True
    for name in options.sets.split(","):
        if not (options.data / name).is_dir():
            print(f"{name}: not measured, there is no folder {options.data / name}")
            continue
        examples = _examples(options.data / name, options.split)[: options.limit or None]
        if not examples:
            print(f"{name}: no document of split {options.split} has trusted text")
            continue
        tallies = _measure(engines, examples)
        _print(f"{name}, {options.split}: {len(examples)} pages", tallies)
        kept &= _judge(tallies, judge_speed=name == "sroie")
    return int(not kept)


def _engines() -> dict[str, Engine]:
    engines: dict[str, Engine] = {}
    for name in ENGINES:
        try:
            engines[name] = load(name)
        except MissingPackage as error:
            print(f"left out {name}: {error}")
    return engines


def _examples(path: Path, split: str) -> list[Example]:
    return [e for e in load_dataset(path).examples if e.text and split in ("all", e.split)]


def _measure(engines: dict[str, Engine], examples: Sequence[Example]) -> dict[str, Tally]:
    tallies = {name: Tally() for name in engines}
    for engine in engines.values():
        engine.read([open_example(examples[0])])
    for start in range(0, len(examples), PORTION_PAGES):
        portion = examples[start : start + PORTION_PAGES]
        pages = [open_example(example) for example in portion]
        for name, engine in engines.items():
            began = time.perf_counter()
            transcripts = engine.read(pages)
            tallies[name].seconds.append(time.perf_counter() - began)
            for example, transcript in zip(portion, transcripts, strict=True):
                tallies[name].strict.append(cer(example.text or "", transcript.text))
                tallies[name].casefolded.append(cer_casefold(example.text or "", transcript.text))
    return tallies


def _ratio_to_stock(tally: Tally, stock: Tally) -> float:
    """How many times quicker than stock rapidocr: the median over portions."""
    return statistics.median(theirs / ours for ours, theirs in zip(tally.seconds, stock.seconds, strict=True))


def _print(title: str, tallies: dict[str, Tally]) -> None:
    table = Table(title=title)
    for column in ("engine", "pages/s", "× rapidocr", "CER casefolded", "CER"):
        table.add_column(column, justify="left" if column == "engine" else "right")
    for name, tally in tallies.items():
        times = _ratio_to_stock(tally, tallies["rapidocr"]) if "rapidocr" in tallies else float("nan")
        strict = 100 * total(tally.strict).value
        table.add_row(
            name,
            f"{tally.pages_per_second:.2f}",
            f"{times:.2f}",
            f"{tally.cer_percent:.2f} %",
            f"{strict:.2f} %",
        )
    Console(width=100).print(table)


def _judge(tallies: dict[str, Tally], *, judge_speed: bool) -> bool:
    """Whether the promises hold for this set, said in words."""
    ours = tallies["ppocr"]
    peers = {name: tally for name, tally in tallies.items() if name != "ppocr"}
    better = min((tally.cer_percent for tally in peers.values()), default=float("inf"))
    kept = ours.cer_percent <= better
    print(f"no worse than the better peer ({ours.cer_percent:.2f} % against {better:.2f} %): {_word(kept)}")
    if judge_speed and "rapidocr" in peers:
        times = _ratio_to_stock(ours, peers["rapidocr"])
        quick = times >= SPEED_PROMISE
        print(f"at least {SPEED_PROMISE:.0f} times stock rapidocr ({times:.2f} times): {_word(quick)}")
        kept &= quick
    return kept


def _word(kept: bool) -> str:  # noqa: FBT001
    return "kept" if kept else "BROKEN"


if __name__ == "__main__":
    raise SystemExit(main())
