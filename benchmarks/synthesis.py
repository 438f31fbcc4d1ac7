"""Synthetic documents as the base model reads them: CER by kind, language and wear, as a Markdown table.

Clean pages must read almost without error: else their text, its order or their boxes are wrong. Beside the
CER stands the CER of the same readings with the words of each page sorted (order-free), so that reading and
reading order can be told apart.

    python benchmarks/synthesis.py [--count 160] [--seed 1]
"""

import argparse
from collections.abc import Iterable

from recto.datasets.synthesis import Degradation, Kind, Wish, synthesise
from recto.datasets.synthesis.canary import VERSION, canary_examples
from recto.datasets.synthesis.languages import LANGUAGES
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.evaluation.evaluate import evaluate
from recto.evaluation.metrics import edits
from recto.evaluation.metrics.ratio import total
from recto.evaluation.report import DocumentResult

WEARS = (Degradation.NONE, Degradation.SCAN, Degradation.PHOTO)


def main() -> None:
    """Make, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=160, help="documents for each wear")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    engine = load()
    columns = {str(wear): read(engine, wanted.count, wanted.seed, Wish(degradation=wear)) for wear in WEARS}
    print("| | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for kind in Kind:
        for code in LANGUAGES:
            row(
                f"{kind}, {code}",
                ([d for d in c if (d.category, d.language) == (kind, code)] for c in columns.values()),
            )
        row(f"**{kind}**", ([d for d in c if d.category == kind] for c in columns.values()))
    row("**all**", columns.values())
    hard = read(engine, wanted.count // 2, wanted.seed, Wish(hard=True))
    print(f"\n--hard: {figures(hard)}")
    canary = evaluate(engine, canary_examples())
    print(f"canary, version {VERSION}: {figures(canary.documents)}")


def read(engine: Engine, count: int, seed: int, wish: Wish) -> list[DocumentResult]:
    return evaluate(engine, list(synthesise(count, seed, wish))).documents


def row(name: str, cells: Iterable[list[DocumentResult]]) -> None:
    print(f"| {name} | " + " | ".join(figures(cell) for cell in cells) + " |", flush=True)


def figures(documents: list[DocumentResult]) -> str:
    if not documents:
        return ""
    ordered = total(edits.cer(d.reference, d.text) for d in documents).value
    free = total(edits.cer(by_words(d.reference), by_words(d.text)) for d in documents).value
    return f"{ordered:.2%} ({free:.2%})"


def by_words(text: str) -> str:
    return " ".join(sorted(text.split()))


if __name__ == "__main__":
    main()
