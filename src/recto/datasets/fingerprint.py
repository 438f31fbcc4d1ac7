"""Fingerprint: one SHA-256 that says whether two Datasets teach and measure the same thing.

It covers documents, pages, labels and splits; not names, not the order, not unknown keys.
"""

import hashlib
from dataclasses import replace as changed

from recto.datasets.example import Dataset, Example
from recto.datasets.pages import content_hash
from recto.datasets.row import lines_json
from recto.datasets.strict_json import dump_json


def fingerprint(dataset: Dataset) -> str:
    """SHA-256 in hexadecimal over the sorted digests of all Examples. Reads every document."""
    digests = sorted(_digest(example) for example in dataset.examples)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _digest(example: Example) -> str:
    facts = [
        content_hash(example),
        example.page,
        example.split,
        example.text,
        example.category,
        example.business,
        example.group,
        example.language,
        example.case,
        None if example.lines is None else lines_json(changed(example, extra={})),
        None if example.fields is None else _sorted_fields(example),
    ]
    return hashlib.sha256(dump_json(facts).encode()).hexdigest()


def _sorted_fields(example: Example) -> list[list[object]]:
    """Name and value, sorted by name: the order in a file means nothing."""
    return [[name, value] for name, value in sorted((example.fields or {}).items())]
