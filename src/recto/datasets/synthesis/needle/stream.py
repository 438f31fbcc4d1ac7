"""needle_print: a stream of Examples that are hard to read, the same for the same seed."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image as PillowImage

from recto.datasets.example import Example, Split
from recto.datasets.synthesis.kinds import Kind
from recto.datasets.synthesis.needle.invoices import print_invoice
from recto.datasets.synthesis.needle.receipts import print_receipt
from recto.datasets.synthesis.needle.sheet import Printed
from recto.datasets.synthesis.needle.typefaces import Rng
from recto.datasets.synthesis.needle.vendors import vendor
from recto.datasets.synthesis.needle.weathering import Look, Picture, picture
from recto.documents.page import Image
from recto.documents.transcript import Line
from recto.errors import DatasetError

DOCUMENTS_PER_VENDOR = 5
_DOCUMENT_STREAM = 2
_SPLIT_PATTERN: tuple[Split, ...] = ("train", "train", "test", "train", "val", "train", "train", "test")
"""Vendors take splits in turn, so that even a few vendors fill all three."""


_PRINTERS = {Kind.RECEIPT: print_receipt, Kind.INVOICE: print_invoice}


def needle_print(count: int, seed: int, *, kind: Kind | None = None) -> Iterator[Example]:
    """`count` Examples with JPEG bytes as their source, one at a time.

    Text, line boxes and fields are exact. `kind` None mixes three receipts with one invoice. A vendor's
    documents share its style, are one `group` and stay in one split (about 63 % train, 12 % val, 25 %
    test of the vendors). Raises DatasetError if `count` is under 1 or `seed` is negative.
    """
    if count < 1 or seed < 0:
        raise DatasetError(
            f"can't make {count} documents from seed {seed}", hint="count must be at least 1, seed at least 0"
        )
    vendors = max(-(-count // DOCUMENTS_PER_VENDOR), min(count, len(_SPLIT_PATTERN)))
    return (_document(seed, number, vendors, kind) for number in range(count))


def _document(seed: int, number: int, vendors: int, kind: Kind | None) -> Example:
    rng = np.random.default_rng([seed, _DOCUMENT_STREAM, number])
    turn, vendor_number = divmod(number, vendors)
    issuer = vendor(seed, vendor_number)
    chosen = kind or (Kind.INVOICE if (turn + vendor_number) % 4 == 3 else Kind.RECEIPT)
    sheet, fields = _PRINTERS[chosen](issuer, rng)
    look = _look(chosen, rng)
    taken = picture(sheet.ink, look, rng)
    split = _SPLIT_PATTERN[vendor_number % len(_SPLIT_PATTERN)]
    return Example(
        image=f"{split}/{chosen}_{number:05d}.jpg",
        source=_jpeg(taken.image, quality=int(rng.integers(45, 88))),
        text=sheet.text,
        category=str(chosen),
        split=split,
        group=f"vendor-{seed}-{vendor_number}",
        lines=tuple(_line(taken, printed) for printed in sheet.printed),
        fields=fields,
        language="en",
        extra={"look": str(look)},
        origin=f"synthesise(seed={seed}) document {number}",
    )


def _look(kind: Kind, rng: Rng) -> Look:
    """Receipts are thermal, photographed or scanned; invoices are scanned or photographed."""
    looks = (Look.THERMAL, Look.PHOTO, Look.SCAN) if kind is Kind.RECEIPT else (Look.SCAN, Look.PHOTO)
    return looks[int(rng.integers(len(looks)))]


def _line(taken: Picture, printed: Printed) -> Line:
    polygon = taken.polygon(printed.box)
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return Line(text=printed.text, box=(min(xs), min(ys), max(xs), max(ys)), polygon=polygon)


def _jpeg(image: Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    PillowImage.fromarray(image).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
