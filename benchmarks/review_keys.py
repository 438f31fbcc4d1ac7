"""Keys on the review page: how long a page of 500 lines takes from a key to the next picture on the screen.

A real service, a real browser (Chromium, headless), keys as a person types them. Prints a table and exits
with 1 where the slowest of nineteen in twenty takes longer than promised.

    python benchmarks/review_keys.py [--lines 500] [--keys 100]
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import sync_playwright

from recto.documents.page import Page
from recto.documents.transcript import Line, Transcript
from recto.serving.app import create_app
from recto.serving.service import Service
from recto.settings import Settings
from recto.workspace.folder import create_workspace

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.serving.live import live

LIMIT_MS = 100.0
SIZE = (1000, 1400)
_WATCH = """() => {
    document.addEventListener('keydown', () => {
        const began = performance.now();
        requestAnimationFrame(() => setTimeout(() => window.took.push(performance.now() - began)));
    }, true);
}"""


class Rows:
    """An engine that says as many lines as the document's name has in brackets."""

    label, batch_pages = "rows 1", 1

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """A line of four words for each row."""
        return [self._said(page) for page in pages]

    def _said(self, page: Page) -> Transcript:
        found = re.search(r"\[(\d+)\]", page.document)
        count = int(found[1]) if found else 1
        step = SIZE[1] / count
        lines = tuple(
            Line(f"line {n} of many", (20.0, n * step, 900.0, n * step + step * 0.9), 0.5 + n % 2 * 0.49)
            for n in range(count)
        )
        text = "\n".join(line.text for line in lines)
        return Transcript(page.document, page.number, page.width, page.height, text, lines, self.label)


def main() -> int:
    """Serve, type, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=500)
    parser.add_argument("--keys", type=int, default=100)
    wanted = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        print("no Chromium here: apt-get install chromium")
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        service = Service(Settings(), create_workspace(Path(folder) / "work"), lambda _: Rows())
        with live(create_app(service)) as url:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(f"{url}/review/documents/{_document(url, wanted.lines)}")
            page.wait_for_selector("body[data-ready]")
            page.evaluate(_WATCH)
            typed, moved = (_timed(page, keys, wanted.keys) for keys in ("x", "ArrowDown"))
            browser.close()
    print(f"a page of {wanted.lines} lines, {wanted.keys} keys   median ms   95th percentile ms")
    slow = [_print(what, took) for what, took in (("a letter in a line", typed), ("to the next line", moved))]
    return int(max(slow) > LIMIT_MS)


def _document(url: str, lines: int) -> str:
    stream = BytesIO()
    Image.new("RGB", SIZE, "white").save(stream, "PNG")
    files = {"file": (f"long[{lines}].png", stream.getvalue())}
    return str(httpx.post(f"{url}/v1/documents", files=files, timeout=120).json()["id"])


def _timed(page: BrowserPage, key: str, count: int) -> list[float]:
    page.evaluate("window.took = []")
    for _ in range(count):
        page.keyboard.press(key)
    page.wait_for_timeout(200)
    return sorted(page.evaluate("window.took"))


def _print(what: str, took: Sequence[float]) -> float:
    late = took[min(len(took) - 1, int(0.95 * len(took)))]
    print(f"{what:40} {took[len(took) // 2]:9.1f}   {late:18.1f}")
    return late


if __name__ == "__main__":
    raise SystemExit(main())
