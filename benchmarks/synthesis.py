"""Synthetic documents as the base model reads them: CER by kind, language and wear, as a Markdown table.

Clean pages must read almost without error: else their text, its order or their boxes are wrong. Beside the
CER stands the F1 of words, which doesn't know their order, so that reading and reading order can be told
apart.

    python benchmarks/synthesis.py [--count 80] [--seed 1]
"""

import argparse
from collections.abc import Iterable

from recto.datasets.synthesis import Degradation, Kind, Wish, synthesise
from recto.datasets.synthesis.canary import VERSION, canary_examples
from recto.datasets.synthesis.languages import LANGUAGES
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DocumentResult
from recto.evaluation.scoring import micro, value_of

WEARS = (Degradation.NONE, Degradation.SCAN, Degradation.PHOTO)


def main() -> None:
    """Make, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=80, help="documents for each wear")
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    engine = load()
    columns = {str(wear): read(engine, wanted.count, wanted.seed, Wish(degradation=wear)) for wear in WEARS}
    print("| kind, language | " + " | ".join(columns) + " |")
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
    cer, words = (value_of(metric, micro(documents, metric)) for metric in ("cer", "word_f1"))
    return f"{cer:.2%} ({words:.1%})"


if __name__ == "__main__":
    main()
