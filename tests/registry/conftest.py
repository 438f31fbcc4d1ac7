"""Reports made by really measuring a FakeEngine on small pages, and workspaces with Releases in them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo, DocumentResult, Report
from recto.evaluation.scoring import by_label, summarise

SECONDS = 0.5


def timed(report: Report, seconds: Sequence[float] | None = None) -> Report:
    """The Report with seconds per page of our choice: a FakeEngine's own are noise."""
    chosen = seconds or [SECONDS] * len(report.documents)
    documents = [_took(d, s) for d, s in zip(report.documents, chosen, strict=True)]
    return report.model_copy(
        update={
            "documents": documents,
            "metrics": summarise(documents),
            "by_category": by_label(documents, "category"),
        }
    )


def _took(document: DocumentResult, seconds: float) -> DocumentResult:
    _, pages = document.scores["seconds_per_page"]
    scores = document.scores | {"seconds_per_page": (seconds * pages, pages)}
    return document.model_copy(update={"seconds": seconds, "scores": scores})


class Pages:
    """Small page images in one folder, and what a FakeEngine scores on them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def example(self, name: str, text: str, category: str = "receipt") -> Example:
        """One Example whose page image is there."""
        path = self._folder / name
        if not path.exists():
            Image.new("RGB", (16, 12), "white").save(path)
        return Example(image=name, source=path, text=text, category=category)

    def examples(self, texts: Mapping[str, str], category: str = "receipt") -> list[Example]:
        """One Example for each name and text."""
        return [self.example(name, text, category) for name, text in texts.items()]

    def report(self, examples: Sequence[Example], read: Mapping[str, str]) -> Report:
        """What is measured where the pages read as `read` says, each in half a second."""
        info = DatasetInfo(root="set", split="test", fingerprint="f00")
        return timed(evaluate(FakeEngine(read), examples, dataset=info))


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("pages"))
