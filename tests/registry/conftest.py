"""Reports made by really measuring a FakeEngine on small pages, and workspaces with Releases in them."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from PIL import Image

from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, write_model
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo, DocumentResult, Report
from recto.evaluation.scoring import by_label, summarise
from recto.registry.promotion import Promotion, promote
from recto.registry.release import Origin, Release
from recto.registry.store import add_release
from recto.workspace.folder import Workspace, create_workspace, open_workspace

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


ORIGIN = Origin(
    data_fingerprint="d" * 64, recipe={"kind": "ctc", "epochs": 3}, code_version="0.1.0", base_sha256="b" * 64
)
TEXTS = {f"{i}.png": f"receipt number {i}" for i in range(6)}


class Registry:
    """A workspace, and Releases for it: small model folders with a Report of a FakeEngine."""

    def __init__(self, workspace: Workspace, pages: Pages, folder: Path) -> None:
        self.workspace = workspace
        self._pages, self._folder = pages, folder

    def model(self, weights: bytes = b"weights", base: str = "PP-OCRv6-small") -> Path:
        """A model folder with these bytes as its weights."""
        made_from = BaseWeights(name=base, sha256="b" * 64)
        card = ModelCard(engine="ppocr", base=made_from, characters="abc ")
        return write_model(self._folder / f"model-{zlib.crc32(weights):x}", card, {RECOGNISER: weights}).path

    def report(self, read: Mapping[str, str] = TEXTS) -> Report:
        """A Report on six pages."""
        return self._pages.report(self._pages.examples(TEXTS), read)

    def add(
        self,
        weights: bytes = b"weights",
        *,
        scope: str = "general",
        origin: Origin = ORIGIN,
        base: str = "PP-OCRv6-small",
    ) -> Release:
        """One more Release."""
        return add_release(self.workspace, scope, self.model(weights, base), self.report(), origin)

    def promote(self, number: int, scope: str = "general") -> Promotion:
        """Make it current."""
        return promote(self.workspace, number, scope=scope, reason=f"test of {number}")


@pytest.fixture
def registry(tmp_path: Path, pages: Pages) -> Registry:
    """A new workspace in which business type `legal` has a loop of its own."""
    folder = tmp_path / "work"
    create_workspace(folder)
    settings = folder / "recto.toml"
    settings.write_text(settings.read_text().replace("scopes = []", 'scopes = ["legal"]'))
    return Registry(open_workspace(folder), pages, tmp_path)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp("pages"))
