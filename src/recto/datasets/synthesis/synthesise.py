"""synthesise: a stream of synthetic Examples, the same for the same seed; no file is touched here."""

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from recto.datasets.example import Example, JsonValue, Split
from recto.datasets.synthesis.houses import House, Rng, house
from recto.datasets.synthesis.kinds import Degradation, Kind
from recto.datasets.synthesis.languages import LANGUAGES
from recto.datasets.synthesis.needle.stream import needle_print
from recto.datasets.synthesis.printing import Sheet, print_page
from recto.datasets.synthesis.templates import TEMPLATES, Template
from recto.datasets.synthesis.wear import Shot, photograph, scan
from recto.documents.page import Image
from recto.documents.reading_order import reading_rows, text_of_rows
from recto.errors import DatasetError

DOCUMENTS_PER_HOUSE = 5
_SPLIT_PATTERN: tuple[Split, ...] = ("train", "train", "test", "train", "val", "train", "train", "test")
"""Houses take splits in turn, so that even a few of them fill all three."""
_DOCUMENT_STREAM = 12
_NEEDLE_KINDS = (Kind.RECEIPT, Kind.INVOICE)
_MIXTURE = (Degradation.NONE, Degradation.SCAN, Degradation.PHOTO, Degradation.SCAN, Degradation.PHOTO)
_BUSINESSES = {
    Kind.RECEIPT: "ecommerce",
    Kind.INVOICE: "saas",
    Kind.CONTRACT: "legal",
    Kind.TAX_FORM: "accounting",
}
_ROLL_DPI = 200
_PAGE_DPI = 150
_PNG_EFFORT = 3
"""zlib level; 9 takes five times as long and saves nothing."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which documents to make: kinds and languages take turns.

    `hard` asks for the needle print of `synthesis.needle` instead: English receipts and invoices, worn
    in its own ways.
    """

    kinds: tuple[Kind, ...] = tuple(Kind)
    languages: tuple[str, ...] = tuple(LANGUAGES)
    degradation: Degradation = Degradation.MIXED
    hard: bool = False

    def check(self) -> None:
        """Raises DatasetError where nothing can be made by this wish."""
        unknown = [code for code in self.languages if code not in LANGUAGES]
        if unknown or not self.languages or not self.kinds:
            raise DatasetError(
                f"can't make documents of kinds {list(self.kinds)} in languages {list(self.languages)}",
                hint=f"languages: {', '.join(LANGUAGES)}; kinds: {', '.join(Kind)}",
            )
        if self.hard and not set(self.kinds) & set(_NEEDLE_KINDS):
            raise DatasetError(
                f"no {' or '.join(self.kinds)} is printed by needles",
                hint="hard documents are receipts and invoices",
            )


def synthesise(count: int, seed: int, wish: Wish | None = None) -> Iterator[Example]:
    """`count` Examples with image bytes as their source, one at a time; memory doesn't grow.

    Text, line boxes and fields are exact. Five documents share a house (its style, its template), are one
    `group` and stay in one split. Raises DatasetError if `count` is under 1, `seed` is negative, or the
    wish can't be fulfilled.
    """
    wish = wish or Wish()
    wish.check()
    if count < 1 or seed < 0:
        raise DatasetError(
            f"can't make {count} documents from seed {seed}", hint="count must be at least 1, seed at least 0"
        )
    if wish.hard:
        kinds = [kind for kind in _NEEDLE_KINDS if kind in wish.kinds]
        return needle_print(count, seed, kind=kinds[0] if len(kinds) == 1 else None)
    turns = len(wish.kinds) * len(wish.languages)
    houses = max(-(-count // DOCUMENTS_PER_HOUSE), min(count, max(turns, len(_SPLIT_PATTERN))))
    return (_document(seed, number, houses, wish) for number in range(count))


def _document(seed: int, number: int, houses: int, wish: Wish) -> Example:
    rng = np.random.default_rng([seed, _DOCUMENT_STREAM, number])
    house_number = number % houses
    turn, kind_turn = divmod(house_number, len(wish.kinds))
    kind, code = wish.kinds[kind_turn], wish.languages[turn % len(wish.languages)]
    split = _split(turn, kind_turn)
    issuer = house(seed, house_number, kind, code)
    degradation = wish.degradation
    if degradation is Degradation.MIXED:
        degradation = _MIXTURE[int(rng.integers(len(_MIXTURE)))]
    templates = TEMPLATES[kind]
    template = templates[(turn + turn // len(templates)) % len(templates)]
    made = _made(template, issuer, degradation, rng)
    return Example(
        image=f"{split}/{kind}_{code}_{number:05d}.{made.suffix}",
        source=made.data,
        text=made.text,
        category=str(kind),
        business=_BUSINESSES[kind],
        split=split,
        group=f"house-{seed}-{house_number}",
        lines=made.shot.lines,
        fields=made.fields,
        language=code,
        extra={"degradation": str(degradation), "template": template.__name__},
        origin=f"synthesise(seed={seed}) document {number}",
    )


def _split(turn: int, kind_turn: int) -> Split:
    """Eight houses of a kind fill the pattern; then it is shifted, so that each language meets each split."""
    length = len(_SPLIT_PATTERN)
    return _SPLIT_PATTERN[(turn + turn // length + 2 * kind_turn) % length]


@dataclass(frozen=True, slots=True)
class _Made:
    shot: Shot
    data: bytes
    suffix: str
    text: str
    fields: dict[str, JsonValue]


def _made(template: Template, issuer: House, degradation: Degradation, rng: Rng) -> _Made:
    composed = template(issuer, rng)
    is_receipt = composed.cut_margin_pt is not None
    clean = _ROLL_DPI if is_receipt else _PAGE_DPI
    dpi = clean if degradation is Degradation.NONE else clean * float(rng.uniform(0.86, 1.14))
    sheet = print_page(composed.pdf, dpi, cut_margin_pt=composed.cut_margin_pt)
    thermal = is_receipt and bool(rng.random() < 0.7)
    if degradation is Degradation.NONE:
        shot, data = Shot(sheet.image, sheet.lines, 100), _encoded(sheet.image, "PNG", 100)
    else:
        shot = (scan if degradation is Degradation.SCAN else photograph)(sheet, rng, thermal=thermal)
        data = _encoded(shot.image, "JPEG", shot.quality)
    suffix = "png" if degradation is Degradation.NONE else "jpg"
    fields = {name: _styled(value, issuer) for name, value in composed.fields.items()}
    return _Made(shot, data, suffix, text_of(sheet), fields)


def text_of(sheet: Sheet) -> str:
    """The sheet's text in the order in which `documents/reading_order` reads it."""
    return text_of_rows(reading_rows(sheet.lines))


def _styled(value: object, issuer: House) -> JsonValue:
    """A field's value in the letter case in which the house prints."""
    if isinstance(value, list):
        return [_styled(one, issuer) for one in value]
    if isinstance(value, dict):
        return {str(name): _styled(one, issuer) for name, one in value.items()}
    return issuer.style(str(value))


def _encoded(image: Image, kind: str, quality: int) -> bytes:
    buffer = io.BytesIO()
    Pillow.fromarray(image).save(buffer, kind, quality=quality, compress_level=_PNG_EFFORT)
    return buffer.getvalue()
