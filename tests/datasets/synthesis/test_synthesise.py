"""The stream: same bytes for a seed, constant memory, exact text, groups that stay in one split."""

import io
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict

import numpy as np
import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.datasets.synthesis import Degradation, Kind, Wish, synthesise
from recto.datasets.synthesis.languages import LANGUAGES
from recto.documents.reading_order import reading_rows, text_of_rows
from recto.errors import DatasetError

CLEAN = Wish(degradation=Degradation.NONE)


@pytest.fixture(scope="module")
def mixed() -> list[Example]:
    return list(synthesise(16, 7))


def pixels(example: Example) -> np.ndarray:
    assert isinstance(example.source, bytes)
    return np.asarray(Image.open(io.BytesIO(example.source)).convert("L"), np.float32)


def test_the_same_seed_makes_the_same_bytes(mixed: list[Example]) -> None:
    again = synthesise(16, 7)
    assert [next(again) for _ in range(3)] == mixed[:3]
    assert next(synthesise(24, 8)).source != mixed[0].source


HASH = """
import hashlib
from recto.datasets.synthesis import Kind, Wish, synthesise
made = [*synthesise(2, 7), *synthesise(8, 7, Wish((Kind.RECEIPT,), hard=True))]
print(hashlib.sha256(repr([(e.source, e.text, e.lines, e.fields) for e in made]).encode()).hexdigest())
"""


def test_another_process_makes_the_same_bytes() -> None:
    """Sets of strings come in another order in each process: none of them may decide what is printed."""
    seen = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        run = subprocess.run([sys.executable, "-c", HASH], check=True, capture_output=True, env=environment)
        seen.add(run.stdout)
    assert len(seen) == 1


def test_it_streams() -> None:
    assert next(synthesise(10**9, 1)).text


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (-3, 1), (5, -1)])
def test_impossible_numbers_are_refused_at_once(count: int, seed: int) -> None:
    with pytest.raises(DatasetError, match="can't make"):
        synthesise(count, seed)


@pytest.mark.parametrize(
    "wish",
    [Wish(languages=("tlh",)), Wish(kinds=()), Wish(languages=()), Wish(kinds=(Kind.CONTRACT,), hard=True)],
)
def test_impossible_wishes_are_refused_at_once(wish: Wish) -> None:
    with pytest.raises(DatasetError) as refused:
        synthesise(3, 1, wish)
    assert refused.value.hint


def test_every_kind_and_language_has_its_turn(mixed: list[Example]) -> None:
    assert {(e.category, e.language) for e in mixed} == {(str(k), c) for k in Kind for c in LANGUAGES}
    assert len({e.image for e in mixed}) == len(mixed)
    assert {e.extra["degradation"] for e in mixed} == {"none", "scan", "photo"}


def test_a_wish_is_fulfilled() -> None:
    wish = Wish(kinds=(Kind.INVOICE, Kind.CONTRACT), languages=("fr",), degradation=Degradation.SCAN)
    made = list(synthesise(4, 3, wish))
    assert Counter(e.category for e in made) == {"invoice": 2, "contract": 2}
    assert {e.language for e in made} == {"fr"} and {e.extra["degradation"] for e in made} == {"scan"}


def test_hard_documents_are_the_needle_print() -> None:
    made = list(synthesise(4, 7, Wish(hard=True)))
    assert {e.extra["look"] for e in made} <= {"thermal", "photo", "scan"}
    assert {e.category for e in synthesise(3, 7, Wish(kinds=(Kind.INVOICE,), hard=True))} == {"invoice"}


@pytest.mark.parametrize(
    ("kinds", "languages"),
    [
        ((Kind.RECEIPT,), ("en",)),
        ((Kind.RECEIPT,), tuple(LANGUAGES)),
        ((Kind.RECEIPT, Kind.INVOICE), ("de", "fr")),
    ],
)
def test_groups_stay_in_one_split_and_all_splits_are_filled(
    kinds: tuple[Kind, ...], languages: tuple[str, ...]
) -> None:
    splits = defaultdict(set)
    for example in synthesise(8 * len(kinds), 5, Wish(kinds, languages, Degradation.NONE)):
        splits[example.group].add((example.split, example.category, example.language))
    assert all(len(found) == 1 for found in splits.values())
    assert {place[0][0] for place in map(list, splits.values())} == {"train", "val", "test"}


def test_text_is_what_the_reading_order_makes_of_the_lines() -> None:
    for example in synthesise(8, 2, CLEAN):
        assert example.text == text_of_rows(reading_rows(example.lines or ()))


def test_boxes_are_on_the_page_and_hold_ink(mixed: list[Example]) -> None:
    for example in mixed:
        image = pixels(example)
        for line in example.lines or ():
            x0, y0, x1, y1 = (round(value) for value in line.box)
            assert 0 <= x0 < x1 <= image.shape[1] and 0 <= y0 < y1 <= image.shape[0], line
            inside = image[y0:y1, x0:x1]
            assert inside.max() - inside.min() > 25, (example.image, line.text)


def test_sums_are_right() -> None:
    invoices = synthesise(8, 5, Wish(kinds=(Kind.INVOICE,), degradation=Degradation.NONE))
    for fields in (example.fields or {} for example in invoices):
        cents = {
            name: int(re.sub(r"\D", "", str(fields[name]))) for name in ("net_total", "tax_total", "total")
        }
        items = fields["items"]
        assert isinstance(items, list)
        amounts = [int(re.sub(r"\D", "", str(item["amount"]))) for item in items if isinstance(item, dict)]
        assert sum(amounts) == cents["net_total"]
        assert cents["net_total"] + cents["tax_total"] == cents["total"]
