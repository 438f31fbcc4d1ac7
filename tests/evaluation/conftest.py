"""Small real pages and Reports made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.errors import EngineError
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo, Report

TRUTH = {
    "receipt_1.png": ("TOTAL 31.00\nTHANK YOU", "receipt"),
    "receipt_2.png": ("SDN BHD 5", "receipt"),
    "invoice_1.png": ("Invoice number 17\nVendor Müller", "invoice"),
    "blank.png": ("", "receipt"),
}
PERFECT = {name: text for name, (text, _) in TRUTH.items()}
WORSE = PERFECT | {"receipt_1.png": "TOTAL 3l.00\nTHANK", "receipt_2.png": "SDNBHD S", "blank.png": "ghost"}


@dataclass
class Bench:
    """Examples with page images in `folder`."""

    folder: Path

    def example(self, name: str, text: str | None, category: str = "receipt") -> Example:
        """One Example whose page image is written now."""
        Image.new("RGB", (60, 40), "white").save(self.folder / name)
        return Example(image=name, source=self.folder / name, text=text, category=category, business="shop")

    def examples(self) -> list[Example]:
        """The four Examples of TRUTH."""
        return [self.example(name, text, category) for name, (text, category) in TRUTH.items()]

    def report(self, texts: Mapping[str, str], examples: Sequence[Example] | None = None) -> Report:
        """What a FakeEngine with these texts scores."""
        info = DatasetInfo(root="set", split="test", fingerprint="f00")
        return evaluate(FakeEngine(texts), examples or self.examples(), dataset=info)


class StumblingEngine:
    """Reads as FakeEngine does, but fails on pages whose name has "bad" in it."""

    label = "stumbling 1"
    batch_pages = 3

    def __init__(self) -> None:
        self.calls: list[int] = []
        self._fake = FakeEngine(PERFECT)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """Raise EngineError where one page of the batch is bad."""
        self.calls.append(len(pages))
        for page in pages:
            if "bad" in page.document:
                raise EngineError("stumbled", where=page.document)
        return self._fake.read(pages)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Examples in a folder of their own."""
    folder = tmp_path / "pages"
    folder.mkdir()
    return Bench(folder)
