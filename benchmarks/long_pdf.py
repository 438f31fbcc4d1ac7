"""Memory over a long PDF: `recto read` on 2,000 pages, in one process, must stay below 1.5 GB.

It makes the PDF, reads it through the product's own `recto read` into a temporary folder, and prints the
memory of that process, sampled by the operating system's own count, over the pages read.

    python benchmarks/long_pdf.py                        # 2,000 pages with the CPU engine: 40 minutes
    python benchmarks/long_pdf.py --rows 4               # sparse pages of the same size: 10 minutes
    python benchmarks/long_pdf.py --pages 200 --engine fake
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

TARGET_MB = 1_500
A4_PT = (595, 842)
TEXT = """agreement amount balance between billing business carriage charge confidential contract customer
date delivery discount document due effective exempt goods gross interest invoice item liable month net notice
number office order paid party payment period price purchase quantity receipt reference rate seller service
shall tax term total transfer unit until value vendor within without written year"""
WORDS = TEXT.split()


@dataclass(frozen=True, slots=True)
class Sample:
    """Memory of the reading process when `pages` were finished."""

    pages: int
    seconds: float
    resident_mb: float
    peak_mb: float


def main() -> int:
    options = parsed()
    with tempfile.TemporaryDirectory(prefix="recto-long-") as folder:
        book = Path(folder) / "book.pdf"
        book.write_bytes(make_pdf(options.pages, options.rows))
        print(
            f"{options.pages} A4 pages of {options.rows} lines, {book.stat().st_size / 1e6:.1f} MB, ", end=""
        )
        print(f"{options.dpi} dpi, --engine {options.engine}\n")
        samples, code = watch(book, Path(folder) / "out", options)
    worst = max((sample.peak_mb for sample in samples), default=0.0)
    complete = code == 0 and bool(samples) and samples[-1].pages == options.pages
    verdict = "below" if worst < TARGET_MB else "ABOVE"
    print(f"\npeak {worst:,.0f} MB, {verdict} the target of {TARGET_MB:,} MB ({worst / TARGET_MB:.2f} of it)")
    if not complete:
        print(f"recto read ended with {code} and didn't finish all pages")
    return 0 if complete and worst < TARGET_MB else 1


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2_000)
    parser.add_argument("--rows", type=int, default=42, help="lines per page; fewer are read quicker")
    parser.add_argument("--engine", default="ppocr")
    parser.add_argument("--dpi", type=int, default=200)
    parser.add_argument("--every", type=int, default=100, help="pages per row of the table")
    return parser.parse_args()


def watch(book: Path, out: Path, options: argparse.Namespace) -> tuple[list[Sample], int]:
    """Run `recto read` and print a row of the table whenever so many more pages are finished."""
    recto = [sys.executable, "-c", "from recto.cli import main; main()", "read", str(book)]
    flags = ["--out", str(out), "--engine", options.engine, "--dpi", str(options.dpi)]
    started = time.perf_counter()
    process = psutil.Popen([*recto, *flags], stderr=subprocess.DEVNULL)
    journal = Journal(out / "transcripts.jsonl")
    samples: list[Sample] = []
    peak_mb, due = 0.0, options.every
    print("| pages | seconds | resident MB | peak MB |\n|---:|---:|---:|---:|")
    while process.poll() is None:
        resident_mb, peak_mb = memory(process, peak_mb)
        pages = journal.pages()
        if pages >= due and resident_mb:
            samples.append(row(pages, started, resident_mb, peak_mb))
            due = pages - pages % options.every + options.every
        time.sleep(0.02)
    if not samples or journal.pages() > samples[-1].pages:
        samples.append(
            row(journal.pages(), started, samples[-1].resident_mb if samples else peak_mb, peak_mb)
        )
    return samples, process.returncode


def row(pages: int, started: float, resident_mb: float, peak_mb: float) -> Sample:
    sample = Sample(pages, time.perf_counter() - started, resident_mb, peak_mb)
    print(f"| {pages:,} | {sample.seconds:,.0f} | {resident_mb:,.0f} | {peak_mb:,.0f} |", flush=True)
    return sample


def memory(process: psutil.Popen, peak_mb: float) -> tuple[float, float]:
    """Resident memory now and at its highest: Linux keeps the true peak, elsewhere it is the highest seen."""
    try:
        info = process.memory_info()
        status = Path(f"/proc/{process.pid}/status")
        kept = status.read_text().partition("VmHWM:")[2].split() if status.exists() else []
    except (psutil.Error, OSError):
        return 0.0, peak_mb
    highest = int(kept[0]) / 1024 * 1.048576 if kept else 0.0
    return info.rss / 1e6, max(peak_mb, info.rss / 1e6, highest)


class Journal:
    """Counts the finished pages of a growing `transcripts.jsonl`, reading each byte once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = self._pages = 0

    def pages(self) -> int:
        """Pages finished by now."""
        if self._path.exists():
            with self._path.open("rb") as stream:
                stream.seek(self._offset)
                fresh = stream.read()
            self._offset += len(fresh)
            self._pages += fresh.count(b"\n")
        return self._pages


def make_pdf(pages: int, rows: int) -> bytes:
    """A PDF with another text on each page (ISO 32000-1, 7.5): catalog, page tree, font, then the pages."""
    chance = random.Random(1)
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(pages))
    bodies = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {pages} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
    ]
    for n in range(pages):
        head = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {A4_PT[0]} {A4_PT[1]}]"
        resources = f"/Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * n} 0 R >>"
        drawing = page_drawing(n + 1, rows, chance)
        bodies.append(f"{head} {resources}".encode())
        bodies.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing))
    out = bytearray(b"%PDF-1.7\n")
    places = []
    for number, body in enumerate(bodies, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(bodies) + 1, table)
    return bytes(out)


def page_drawing(number: int, count: int, chance: random.Random) -> bytes:
    rows = [f"Page {number}", *(" ".join(chance.choices(WORDS, k=10)) for _ in range(count - 1))]
    lines = "".join(f"({text}) Tj T*\n" for text in rows)
    return f"BT /F1 11 Tf 60 780 Td 17 TL\n{lines}ET".encode()


if __name__ == "__main__":
    sys.exit(main())
