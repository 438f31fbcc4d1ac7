"""The command line as it is typed, small pages, and a workspace with Releases."""

import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from recto.cli import verbs
from recto.datasets.example import Example
from recto.engines.fake import FakeEngine
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, write_model
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, sha256_of, weights_path
from recto.evaluation.evaluate import evaluate
from recto.registry.gates import Verdict
from recto.registry.release import Origin
from recto.registry.store import add_release
from recto.workspace.folder import create_workspace, open_workspace


def call(*words: object, **environment: str) -> Result:
    """Run the command line; our own errors rise."""
    variables = {"COLUMNS": "120", "NO_COLOR": "1", **environment}
    return CliRunner().invoke(verbs.app, [str(word) for word in words], env=variables, catch_exceptions=False)


def page(path: Path, shade: int) -> None:
    """A small picture in its own shade."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (60, 40), (shade, 10, 200))
    image.putpixel((shade % 60, shade % 40), (0, 0, 0))
    image.save(path)


@dataclass(frozen=True)
class Place:
    """A workspace, a page in it, and the model folder of its Releases."""

    folder: Path
    page: Path
    model: Path


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Releases 1 and 3 of scope general, 2 of scope legal; none is current."""
    root = tmp_path_factory.mktemp("releases")
    create_workspace(root / "work")
    settings = root / "work" / "recto.toml"
    settings.write_text(settings.read_text().replace("scopes = []", 'scopes = ["legal"]'))
    workspace = open_workspace(root / "work")
    (root / "work" / "in").mkdir()
    page = root / "work" / "in" / "page.png"
    Image.new("RGB", (60, 40), "white").save(page)
    weights = weights_path(RECOGNISER_FILE)
    card = ModelCard(
        engine="ppocr", base=BaseWeights(name=BASE, sha256=sha256_of(weights)), characters="abc "
    )
    model = write_model(root / "model", card, {RECOGNISER: weights.read_bytes()}).path
    example = Example(image="page.png", source=page, text="some words", category="receipt")
    for number, scope in enumerate(("general", "legal", "general"), start=1):
        report = evaluate(FakeEngine({"page.png": "some words"[: 4 + 2 * number]}), [example])
        origin = Origin(
            "d" * 64, {"epochs": number}, "0.1.0", card.base.sha256,
            verdicts=[Verdict("better", number > 1, f"reason {number}")],
        )  # fmt: skip
        add_release(workspace, scope, model, report, origin)
    return Place(root / "work", page, model)


@pytest.fixture
def place(made: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of that workspace to change, and we are in it."""
    monkeypatch.delenv("RECTO_WORKSPACE", raising=False)
    folder = tmp_path / "work"
    shutil.copytree(made.folder, folder)
    monkeypatch.chdir(folder)
    return Place(folder, folder / "in" / "page.png", made.model)


@pytest.fixture(scope="session", autouse=True)
def children_hear_ctrl_c() -> None:
    """A shell that starts the tests in the background makes them, and so all that they start, deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
