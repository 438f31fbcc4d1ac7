"""Small real documents of every kind, made on the spot; real servers, where their programs are installed."""

import io
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image

from .servers import PostgreSQL, Redis, postgresql_programs, redis_program, running

Make = Callable[..., bytes]


def picture(width: int = 60, height: int = 40) -> Image.Image:
    """White with a red block at the top left, so that turning and mirroring show."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[: height // 2, : width // 2] = (220, 20, 20)
    return Image.fromarray(pixels)


def noise(width: int = 120, height: int = 80) -> Image.Image:
    return Image.fromarray(np.random.default_rng(7).integers(0, 256, (height, width, 3), np.uint8))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def pdf_of(pages: int = 1, size_pt: tuple[float, float] = (200, 100), text: str = "page {n}") -> bytes:
    """A PDF of one line of text per page, written by hand (ISO 32000-1, 7.5)."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    objects.append(f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode())
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for n in range(pages):
        box = f"[0 0 {size_pt[0]} {size_pt[1]}]"
        resources = "<< /Font << /F1 3 0 R >> >>"
        head = f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Resources {resources}"
        objects.append(f"{head} /Contents {5 + 2 * n} 0 R >>".encode())
        drawing = f"BT /F1 18 Tf 20 40 Td ({text.format(n=n + 1)}) Tj ET".encode() if text else b""
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    return pdf_from_objects(objects)


def pdf_from_objects(objects: list[bytes], trailer: bytes = b"") -> bytes:
    """A PDF of numbered objects, the first of which is the catalog."""
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R %s >>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        trailer,
        table,
    )
    return out


@pytest.fixture(scope="session")
def make_pdf_from_objects() -> Make:
    """A function (objects, trailer) → the bytes of a PDF."""
    return pdf_from_objects


@pytest.fixture(scope="session")
def make_pdf() -> Make:
    """A function (pages, size_pt, text) → the bytes of a PDF."""
    return pdf_of


@pytest.fixture(scope="session")
def samples() -> dict[str, bytes]:
    """One small document per kind, by file name."""
    return {
        "photo.jpg": encoded(picture(), "JPEG", quality=95),
        "progressive.jpg": encoded(noise(), "JPEG", progressive=True),
        "scan.png": encoded(picture(), "PNG"),
        "scan.tif": encoded(picture(), "TIFF", save_all=True, append_images=[picture(30, 50)]),
        "packed.tif": encoded(picture(), "TIFF", compression="tiff_lzw"),
        "shop.webp": encoded(picture(), "WEBP", lossless=True),
        "letter.pdf": pdf_of(2),
    }


@pytest.fixture
def redis_server() -> Iterator[Redis]:
    """A Redis server of the test's own."""
    if not (program := redis_program()):
        pytest.skip("redis-server isn't installed")
    with running(lambda folder: Redis(program, folder)) as server:
        assert isinstance(server, Redis)
        yield server


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[PostgreSQL]:
    """A PostgreSQL server for all tests; who stops it starts it again."""
    if not (programs := postgresql_programs()):
        pytest.skip("PostgreSQL isn't installed")
    with running(lambda folder: PostgreSQL(programs, folder)) as server:
        assert isinstance(server, PostgreSQL)
        yield server


@pytest.fixture
def postgresql(postgresql_server: PostgreSQL) -> str:
    """The URL of an empty PostgreSQL database."""
    return postgresql_server.database()
