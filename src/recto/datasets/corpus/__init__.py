"""Corpus: the workspace's documents as a Dataset that grows, in which no document leaves its split.

The rule (docs/workspace.md): a document is placed when it gets a trusted text or an annotation gives it a
split, and the place is kept for ever by its hash and its group. Kin (same document, same group, look-alikes)
share one place; where two places meet, the strictest wins (test before val before train).
"""

from recto.datasets.corpus.adding import (
    Added,
    Glimpse,
    add_examples,
    add_opened,
    glimpse_of,
    set_text,
    shares_of,
)
from recto.datasets.corpus.snapshot import Counts, categories, counts, examples_of, snapshot

__all__ = [
    "Added",
    "Counts",
    "Glimpse",
    "add_examples",
    "add_opened",
    "categories",
    "counts",
    "examples_of",
    "glimpse_of",
    "set_text",
    "shares_of",
    "snapshot",
]
