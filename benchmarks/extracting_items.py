"""Extracting items: how many lines of bills does the untrained tagger find, and which of their values?

    python benchmarks/extracting_items.py --data DATA --readings readings/ [--count 100] [--seed 1]

Synthetic receipts and invoices on till rolls and A4 sheets know their lines (four languages, worn by scanner
and camera). A line is right where all its values are; each counts once. Needle prints (`hard`) and real
receipts (sroie in DATA) have no labelled lines: there, it counts on how many documents the amounts of the
lines come to the labelled total, to that less its tax, or to a net that was found. Pages are read by the CPU
engine, and their readings kept in --readings; "as printed" are the true lines and boxes.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from recto.datasets.example import Example, JsonValue
from recto.datasets.loading import load_dataset
from recto.datasets.pages import open_example
from recto.datasets.synthesis.kinds import Degradation, Kind
from recto.datasets.synthesis.synthesise import Wish, synthesise
from recto.documents.transcript import Transcript
from recto.engines.catalog import load
from recto.engines.reading import read_pages
from recto.extraction.candidates import key_of
from recto.extraction.fields import Extraction
from recto.extraction.loading import load_schema
from recto.extraction.schema import FieldSpec
from recto.extraction.tagger import Tagger
from recto.extraction.values import kind_of
from recto.extraction.values.money import parse_amount
from recto.training.readings import KeptReadings

KINDS = (Kind.RECEIPT, Kind.INVOICE)
COIN = Decimal("0.05")
_Line = Mapping[str, str]


@dataclass
class Counts:
    """Right, wanted and said values, by what they are; "line" is all of a line together."""

    right: Counter[str] = field(default_factory=Counter)
    wanted: Counter[str] = field(default_factory=Counter)
    said: Counter[str] = field(default_factory=Counter)

    def take(self, name: str, wanted: Iterable[object], said: Iterable[object]) -> None:
        """Count what is in both."""
        want, say = Counter(wanted), Counter(said)
        self.right[name] += (want & say).total()
        self.wanted[name] += want.total()
        self.said[name] += say.total()

    def row(self, name: str) -> str:
        """F1, precision and recall."""
        right, wanted, said = self.right[name], self.wanted[name], self.said[name]
        return (
            f"F1 {2 * right / max(wanted + said, 1):.3f}  P {right / max(said, 1):.3f}"
            f"  R {right / max(wanted, 1):.3f}  of {wanted}"
        )


def specs_of(tagger: Tagger) -> dict[str, FieldSpec]:
    """The fields of a line by name and alias."""
    items = next(spec for spec in tagger.schema.fields if spec.kind == "items").items
    return {name: spec for spec in items for name in (spec.name, *spec.aliases)}


def labelled(specs: Mapping[str, FieldSpec], items: JsonValue) -> list[_Line]:
    """The labelled lines, values by their keys."""
    out: list[_Line] = []
    for item in items if isinstance(items, list) else []:
        line: dict[str, str] = {}
        for name, written in item.items() if isinstance(item, dict) else ():
            spec = specs[name]
            parsed = kind_of(spec.kind).parse(str(written))
            line[spec.name] = key_of(spec.kind, parsed) if parsed else str(written)
        out.append(line)
    return out


def said(specs: Mapping[str, FieldSpec], extraction: Extraction) -> list[_Line]:
    """The lines that were found, values by their keys."""
    lines: dict[str, dict[str, str]] = {}
    for one in extraction.fields:
        if one.name.startswith("items["):
            place, _, name = one.name.partition(".")
            lines.setdefault(place, {})[name] = key_of(specs[name].kind, one.value)
    return list(lines.values())


def measure(title: str, documents: Sequence[tuple[Example, Transcript]]) -> None:
    """The figures of documents whose lines are labelled."""
    taggers = {kind.value: Tagger(load_schema(kind.value)) for kind in KINDS}
    counts, whole, seconds = Counts(), 0, 0.0
    for example, transcript in documents:
        tagger = taggers[example.category]
        specs = specs_of(tagger)
        began = time.process_time()
        found = said(specs, tagger.extract([transcript]))
        seconds += time.process_time() - began
        wanted = labelled(specs, (example.fields or {}).get("items", []))
        lines = (
            [tuple(sorted(line.items())) for line in wanted],
            [tuple(sorted(line.items())) for line in found],
        )
        counts.take("line", *lines)
        whole += Counter(lines[0]) == Counter(lines[1])
        for name in ("description", "quantity", "unit_price", "amount"):
            counts.take(
                name,
                [line[name] for line in wanted if name in line],
                [line[name] for line in found if name in line],
            )
    print(f"\n{title}: {len(documents)} documents, {whole} with all lines right, "
          f"{1000 * seconds / max(len(documents), 1):.0f} ms per document for all fields")  # fmt: skip
    for name in ("line", "description", "quantity", "unit_price", "amount"):
        print(f"  {name:12} {counts.row(name)}")


def measure_sums(title: str, documents: Sequence[tuple[Example, Transcript]]) -> None:
    """On how many documents the lines come to what they should."""
    taggers = {kind.value: Tagger(load_schema(kind.value)) for kind in KINDS}
    right = none = 0
    for example, transcript in documents:
        extraction = taggers[example.category].extract([transcript])
        found = {one.name: one.value for one in extraction.fields}
        amounts = [Decimal(value) for name, value in found.items() if name.endswith("].amount")]
        total = parse_amount(str((example.fields or {}).get("total", "")))
        if not amounts or total is None:
            none += not amounts
            continue
        sums = {
            Decimal(total),
            Decimal(total) - Decimal(found.get("tax", "0")),
            Decimal(found.get("net", total)),
        }
        right += any(abs(sum(amounts) - wanted) <= COIN for wanted in sums)
    print(f"\n{title}: on {right} of {len(documents)} the lines come to the total, {none} have no lines")


def read(examples: Sequence[Example], kept: Path) -> list[tuple[Example, Transcript]]:
    """The Examples with what the CPU engine reads of them."""
    engine = KeptReadings(load("ppocr"), kept)
    readings = read_pages(engine, map(open_example, examples))
    return [(e, t) for e, t in zip(examples, readings, strict=True) if isinstance(t, Transcript)]


def true_text(examples: Sequence[Example]) -> list[tuple[Example, Transcript]]:
    """The Examples with the lines that were printed: what is wrong then isn't the reader's fault."""
    return [(example, _printed(example)) for example in examples if example.lines]


def _printed(example: Example) -> Transcript:
    lines = tuple(example.lines or ())
    width, height = (int(max(line.box[side] for line in lines)) + 1 for side in (2, 3))
    return Transcript(example.image, 1, width, height, example.text or "", lines, "printed")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, help="folder with the dataset sroie")
    parser.add_argument("--readings", type=Path, default=Path("readings"), help="folder that keeps readings")
    parser.add_argument("--count", type=int, default=100, help="synthetic documents of each sort")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--measure-on", choices=("train", "val", "test"), default="test", help="of sroie")
    asked = parser.parse_args()
    worn = Wish(kinds=KINDS, degradation=Degradation.MIXED)
    with threadpool_limits(1):
        examples = list(synthesise(asked.count, asked.seed, worn))
        measure("rolls and sheets, as printed", true_text(examples))
        measure("rolls and sheets, as read", read(examples, asked.readings / "items.jsonl"))
        examples = list(synthesise(asked.count, asked.seed, Wish(kinds=KINDS, hard=True)))
        measure_sums("needle prints, as printed", true_text(examples))
        measure_sums("needle prints, as read", read(examples, asked.readings / "items.jsonl"))
        if asked.data:
            receipts = [
                one for one in load_dataset(asked.data / "sroie").examples if one.split == asked.measure_on
            ]
            title = f"sroie {asked.measure_on}"
            measure_sums(f"{title}, as labelled", true_text(receipts))
            measure_sums(f"{title}, as read", read(receipts, asked.readings / "sroie.jsonl"))


if __name__ == "__main__":
    main()
