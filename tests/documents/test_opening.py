"""Every kind of file opens as upright RGB pages, or fails with the error that fits and the file's name."""

import hashlib
import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from recto.documents.limits import DEFAULT_LIMITS, Limits
from recto.documents.opening import open_document, open_page, open_pages
from recto.documents.page import Page
from recto.errors import (
    BrokenDocument,
    DocumentError,
    DocumentNotFound,
    DocumentTooLarge,
    EmptyDocument,
    EncryptedDocument,
    SettingsError,
    TruncatedDocument,
    UnsupportedDocument,
)

Samples = dict[str, bytes]
MakePdf = Callable[..., bytes]
DATA = Path(__file__).parents[2].parent / "shared" / "data"
PAGES = {
    "photo.jpg": 1, "progressive.jpg": 1, "scan.png": 1, "scan.tif": 2, "packed.tif": 1, "shop.webp": 1,
    "letter.pdf": 2,
}  # fmt: skip
RED, WHITE = (220, 20, 20), (255, 255, 255)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def block(width: int = 60, height: int = 40) -> Image.Image:
    """White with a red block at the top left."""
    image = Image.new("RGB", (width, height), WHITE)
    image.paste(RED, (0, 0, width // 2, height // 2))
    return image


def corners(page: Page) -> list[tuple[int, ...]]:
    """Colours near the four corners: top left, top right, bottom left, bottom right."""
    places = [(5, 5), (5, -5), (-5, 5), (-5, -5)]
    return [tuple(int(v) for v in page.image[y, x]) for y, x in places]


def is_near(colour: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return max(abs(a - b) for a, b in zip(colour, wanted, strict=True)) <= 8


@pytest.mark.parametrize("name", PAGES)
def test_each_kind_opens(samples: Samples, tmp_path: Path, name: str) -> None:
    path = tmp_path / "named.wrongly"
    path.write_bytes(samples[name])
    pages = list(open_document(path))
    assert [page.number for page in pages] == list(range(1, PAGES[name] + 1))
    assert {page.document for page in pages} == {str(path)}
    assert {page.sha256 for page in pages} == {hashlib.sha256(samples[name]).hexdigest()}
    for page in pages:
        assert page.image.dtype == np.uint8
        assert page.image.shape == (page.height, page.width, 3)
        assert page.image.flags.c_contiguous and page.image.flags.writeable


@pytest.mark.parametrize("name", PAGES)
def test_bytes_give_the_same_pages_as_a_file(samples: Samples, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(samples[name])
    from_file = list(open_document(tmp_path / name))
    from_bytes = list(open_document(samples[name], name="mine"))
    assert {page.document for page in from_bytes} == {"mine"}
    for one, other in zip(from_file, from_bytes, strict=True):
        assert np.array_equal(one.image, other.image)


def test_pages_are_lazy(samples: Samples, tmp_path: Path) -> None:
    opened = open_document(tmp_path / "missing.pdf")
    with pytest.raises(DocumentNotFound):
        next(opened)
    pages = open_document(samples["letter.pdf"])
    assert next(pages).number == 1
    pages.close()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = block()
    page = next(open_document(encoded(stored, kind, exif=exif)))
    tagged = stored.copy()
    tagged.getexif()[0x0112] = orientation
    upright = ImageOps.exif_transpose(tagged)
    assert (page.width, page.height) == upright.size
    assert np.abs(page.image.astype(int) - np.asarray(upright).astype(int)).mean() < 8


@pytest.mark.parametrize(
    ("image", "kind", "options"),
    [
        (block().convert("CMYK"), "JPEG", {"quality": 95}),
        (block().convert("CMYK"), "TIFF", {}),
        (block().convert("P", palette=Image.Palette.ADAPTIVE), "PNG", {}),
        (block().convert("P", palette=Image.Palette.ADAPTIVE), "TIFF", {}),
        (block().convert("RGBA"), "PNG", {}),
        (block().convert("RGBA"), "WEBP", {"lossless": True}),
        (block().convert("YCbCr"), "TIFF", {}),
        (block(), "TIFF", {"compression": "jpeg"}),
        (block(), "TIFF", {"compression": "tiff_deflate"}),
    ],
)
def test_colours_survive(image: Image.Image, kind: str, options: dict[str, object]) -> None:
    found = corners(next(open_document(encoded(image, kind, **options))))
    assert is_near(found[0], RED)
    assert all(is_near(colour, WHITE) for colour in found[1:])


def deep(dtype: type, white: float) -> Image.Image:
    values = np.full((40, 60), white, dtype)
    values[:20, :30] = white / 2
    return Image.fromarray(values)


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (deep(np.uint16, 65535), "PNG"),
        (deep(np.uint16, 65535), "TIFF"),
        (deep(np.int32, 65535), "TIFF"),
        (deep(np.float32, 1.0), "TIFF"),
        (deep(np.float32, 255.0), "TIFF"),
        (deep(np.uint8, 255), "PNG"),
    ],
)
def test_deep_grey_is_scaled_not_clipped(image: Image.Image, kind: str) -> None:
    found = corners(next(open_document(encoded(image, kind))))
    assert is_near(found[0], (127, 127, 127))
    assert all(is_near(colour, WHITE) for colour in found[1:])


def test_16_bits_with_white_as_zero_are_inverted() -> None:
    stored = np.zeros((40, 60), np.uint16)
    stored[:20, :30] = 65535
    tags = {262: 0}
    found = corners(next(open_document(encoded(Image.fromarray(stored), "TIFF", tiffinfo=tags))))
    assert found == [(0, 0, 0), WHITE, WHITE, WHITE]


def transparent(kind: str) -> Image.Image:
    image = block().convert("RGBA")
    image.putalpha(Image.eval(image.convert("L"), lambda v: 255 if v < 200 else 0))
    if kind == "LA":
        return image.convert("LA")
    if kind == "P":
        flat = block().convert("P", palette=Image.Palette.ADAPTIVE, colors=4)
        flat.info["transparency"] = flat.getpixel((55, 35))
        return flat
    return image


@pytest.mark.parametrize("kind", ["RGBA", "LA", "P"])
def test_transparency_lies_on_white(kind: str) -> None:
    image = transparent(kind)
    options = {"transparency": image.info["transparency"]} if kind == "P" else {}
    found = corners(next(open_document(encoded(image, "PNG", **options))))
    assert not is_near(found[0], WHITE)
    assert all(is_near(colour, WHITE) for colour in found[1:])


def test_bilevel_fax_pages_open() -> None:
    pages = [block().convert("1"), block(90, 30).convert("1")]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:], compression="group4")
    assert [(page.width, page.height) for page in open_document(data)] == [(60, 40), (90, 30)]


def test_pdf_pages_have_resolution_and_text_layer(make_pdf: MakePdf) -> None:
    data = make_pdf(3, (144, 72), "Invoice {n}")
    pages = list(open_document(data, dpi=100))
    assert [(page.width, page.height) for page in pages] == [(200, 100)] * 3
    assert [page.text_layer for page in pages] == ["Invoice 1", "Invoice 2", "Invoice 3"]
    assert {page.dpi for page in pages} == {100}
    assert all(page.image.min() < 128 and page.image.max() == 255 for page in pages)


def test_a_long_pdf_is_opened_anew_now_and_then(make_pdf: MakePdf) -> None:
    data = make_pdf(450, (20, 20))
    assert [page.text_layer for page in open_document(data, dpi=20)][::200] == [
        "page 1",
        "page 201",
        "page 401",
    ]


def test_a_scan_in_a_pdf_has_no_text_layer_and_right_colours() -> None:
    page = next(open_document(encoded(block(600, 400), "PDF", resolution=200)))
    assert page.text_layer is None
    assert is_near(corners(page)[0], RED)


def test_one_page_alone(samples: Samples, make_pdf: MakePdf) -> None:
    assert open_page(make_pdf(3), 3).text_layer == "page 3"
    assert open_page(samples["scan.tif"], 2).width == 30
    for number in (0, 3):
        with pytest.raises(DocumentError, match=f"no page {number}"):
            open_page(samples["scan.tif"], number)


def test_pages_can_be_taken_in_any_order(samples: Samples) -> None:
    with open_pages(samples["scan.tif"]) as (source, document):
        assert [document.page(n).width for n in (2, 1, 2)] == [30, 60, 30]
        assert document.page_count == 2
        assert source.name == "the given bytes"


@pytest.mark.parametrize(
    ("name", "keep"),
    [
        ("photo.jpg", 0.5), ("progressive.jpg", 0.5), ("progressive.jpg", 0.97), ("scan.png", 0.6),
        ("scan.tif", 0.5), ("packed.tif", 0.5), ("shop.webp", 0.6), ("letter.pdf", 0.5), ("letter.pdf", 0.9),
    ],
)  # fmt: skip
def test_a_cut_file_is_called_truncated(samples: Samples, name: str, keep: float) -> None:
    data = samples[name]
    with pytest.raises(TruncatedDocument) as caught:
        list(open_document(data[: int(len(data) * keep)], name=name))
    assert name in str(caught.value) and caught.value.hint


@pytest.mark.parametrize("name", ["photo.jpg", "progressive.jpg"])
@pytest.mark.parametrize("damage", ["no end", "half an end", "rubbish behind"])
def test_harmless_ends_of_jpegs_are_read(samples: Samples, name: str, damage: str) -> None:
    data = samples[name]
    cut = {"no end": data[:-2], "half an end": data[:-1], "rubbish behind": data + b"\0" * 99}[damage]
    whole, mended = next(open_document(data)), next(open_document(cut))
    assert np.array_equal(whole.image, mended.image)


def test_a_pdf_without_its_very_last_line_is_read(samples: Samples) -> None:
    data = samples["letter.pdf"].removesuffix(b"%%EOF\n")
    assert len(list(open_document(data))) == 2
    assert len(list(open_document(samples["letter.pdf"] + b"\0" * 5000))) == 2


def one_page(width: int, height: int, kind: str) -> bytes:
    """A file that declares a size, and holds next to nothing."""
    data = bytearray(encoded(block(), kind))
    if kind == "PNG":
        data[16:24] = struct.pack(">II", width, height)
        data[29:33] = struct.pack(">I", zlib.crc32(bytes(data[12:29])))
    else:
        at = data.index(b"\xff\xc0") + 5
        data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("side", [7000, 12_000, 60_000])
def test_declared_pixels_are_checked_before_decoding(kind: str, side: int) -> None:
    with pytest.raises(DocumentTooLarge, match=r"bomb.*\n.*max_pixels"):
        list(open_document(one_page(side, side, kind), name="bomb"))


def test_pdf_page_size_is_checked_before_rendering(make_pdf: MakePdf) -> None:
    huge = make_pdf(1, (14_400, 14_400))
    with pytest.raises(DocumentTooLarge, match=r"poster.pdf, page 1: .*40,000 × 40,000"):
        list(open_document(huge, name="poster.pdf"))
    assert next(open_document(huge, dpi=20)).width == 4000


def test_one_bad_page_leaves_the_others(make_pdf: MakePdf) -> None:
    data = make_pdf(3).replace(b"[0 0 200 100]", b"[0 0 9e5 100]", 1)
    with open_pages(data, limits=Limits(max_pixels=1_000_000)) as (_, document):
        with pytest.raises(DocumentTooLarge):
            document.page(1)
        assert document.page(2).text_layer == "page 2"


@pytest.mark.parametrize(
    ("name", "limits", "setting"),
    [
        ("scan.png", Limits(max_bytes=10), "max_bytes"),
        ("scan.tif", Limits(max_pages=1), "max_pages"),
        ("letter.pdf", Limits(max_pages=1), "max_pages"),
        ("shop.webp", Limits(max_pixels=100), "max_pixels"),
        ("packed.tif", Limits(max_pixels=100), "max_pixels"),
    ],
)
def test_limits_name_their_setting(samples: Samples, name: str, limits: Limits, setting: str) -> None:
    with pytest.raises(DocumentTooLarge) as caught:
        list(open_document(samples[name], name=name, limits=limits))
    assert caught.value.where is not None and name in caught.value.where
    assert setting in caught.value.hint


def test_limits_and_resolution_have_sense() -> None:
    for wrong in ({"max_bytes": 0}, {"max_pixels": -1}, {"max_pixels": 10**12}):
        with pytest.raises(SettingsError):
            Limits(**wrong)
    with pytest.raises(SettingsError, match="dpi"):
        next(open_document(b"%PDF-1.7", dpi=0))
    assert DEFAULT_LIMITS.max_pages >= 2000


def test_a_jpeg_of_endless_scans_is_refused(samples: Samples) -> None:
    data = samples["progressive.jpg"]
    at = data.rindex(b"\xff\xda")
    with pytest.raises(BrokenDocument, match="scans"):
        list(open_document(data[:at] + data[at:-2] * 300 + b"\xff\xd9"))


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        (b"", EmptyDocument, "empty"),
        (b"GIF89a....", UnsupportedDocument, "GIF"),
        (b"PK\x03\x04....", UnsupportedDocument, "ZIP"),
        (b"<html>", UnsupportedDocument, "HTML"),
        (b"hello", UnsupportedDocument, "another type"),
        (b"\0" * 100, UnsupportedDocument, "zeros"),
        (b"\xff\xd8\xff\xe0 rubbish", BrokenDocument, "JPEG"),
        (b"\x89PNG\r\n\x1a\n rubbish", BrokenDocument, "PNG"),
        (b"II*\0\x08\0\0\0 rubbish", BrokenDocument, "TIFF"),
        (b"RIFF\x10\0\0\0WEBP rubbish", BrokenDocument, "WEBP"),
        (b"%PDF-1.7 rubbish startxref\n9\n%%EOF", BrokenDocument, "PDF"),
    ],
)
def test_bad_content(tmp_path: Path, content: bytes, error: type[DocumentError], says: str) -> None:
    path = tmp_path / "scan.jpg"
    path.write_bytes(content)
    with pytest.raises(error, match=says) as caught:
        list(open_document(path))
    assert str(path) in str(caught.value) and caught.value.hint


def test_a_pdf_without_pages(make_pdf: MakePdf) -> None:
    with pytest.raises(EmptyDocument, match="no pages"):
        list(open_document(make_pdf(0)))


def test_an_encrypted_pdf(make_pdf: MakePdf) -> None:
    lock = b"/Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s>" % (b"0f" * 32, b"aa" * 32)
    data = make_pdf(1).replace(b"/Root", b"/ID [<00> <00>] /Encrypt << %s >> /Root" % lock)
    with pytest.raises(EncryptedDocument, match=r"secret.pdf: .*password"):
        list(open_document(data, name="secret.pdf"))


def test_folders_missing_files_and_pipes(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    for path, error in (
        (tmp_path, UnsupportedDocument),
        (tmp_path / "no.jpg", DocumentNotFound),
        (tmp_path / "pipe.pdf", UnsupportedDocument),
        (tmp_path / ("x" * 300), DocumentError),
        (tmp_path / "null\0byte", DocumentError),
    ):
        with pytest.raises(error):
            next(open_document(path))


def test_damaged_metadata_doesnt_matter_and_stays_quiet(samples: Samples) -> None:
    data = samples["photo.jpg"]
    exif = b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\x12\x01\x03\0\xff\xff\xff\x7f" * 20
    spoiled = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    assert next(open_document(spoiled)).width == 60


def test_filled_in_forms_are_drawn(make_pdf_from_objects: MakePdf) -> None:
    drawing = b"0 0 0 rg 0 0 100 50 re f"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [4 0 R] >> >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Annots [4 0 R] >>",
        b"<< /Type /Annot /Subtype /Widget /FT /Tx /T (name) /V (Ada) /F 4 /Rect [0 50 100 100] "
        b"/P 3 0 R /AP << /N 5 0 R >> >>",
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 100 50] /Length %d >>\nstream\n%s\nendstream"
        % (len(drawing), drawing),
    ]
    found = corners(next(open_document(make_pdf_from_objects(objects))))
    assert sum(found[0]) < 600
    assert found[1:] == [WHITE] * 3


@pytest.mark.skipif(not DATA.is_dir(), reason="the sample data isn't in ../shared/data")
@pytest.mark.parametrize("name", ["sroie", "tax_forms", "invoices", "multilang", "kleister_nda"])
def test_real_documents_open(name: str) -> None:
    """One in eight here; `-m slow` opens them all."""
    for path in sorted((DATA / name / "images").iterdir())[::8]:
        assert next(open_document(path)).image.ndim == 3


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="the sample data isn't in ../shared/data")
def test_every_real_document_opens() -> None:
    files = [path for folder in DATA.iterdir() if folder.is_dir() for path in folder.glob("*/*")]
    assert files
    for path in files:
        for page in open_document(path):
            assert page.image.shape[2] == 3
