"""What `serve_load.py` stands on: pages, a workspace with Releases that can be told apart, a server process.

A Release here is the base recogniser with its digits renamed: Release k reads a printed 1 as 1 + k, so that
each answer shows by its own text which weights read it. The text that each Release must give is read
beforehand, in this process, with the product's own engine. Nothing is measured here.
"""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import onnx
import psutil
from PIL import Image

from recto.datasets.example import Example
from recto.documents.opening import open_document
from recto.documents.page import Page
from recto.engines.catalog import load
from recto.engines.engine import Engine
from recto.engines.model_folder import RECOGNISER, BaseWeights, ModelCard, write_model
from recto.engines.ppocr.weights import BASE, RECOGNISER_FILE, sha256_of, weights_path
from recto.evaluation.evaluate import evaluate
from recto.evaluation.report import DatasetInfo
from recto.registry.promotion import promote
from recto.registry.reading import load_release
from recto.registry.release import Origin
from recto.registry.store import add_release, releases
from recto.workspace.folder import Workspace, create_workspace

RECEIPTS = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "sroie" / "images"
RECTO = [sys.executable, "-c", "from recto.cli import main; main()"]
START_TIMEOUT_S = 120.0
DIGITS = "0123456789"


@dataclass(frozen=True, slots=True)
class Sheet:
    """One file to be read, with its bytes."""

    name: str
    data: bytes


def receipts(count: int, folder: Path, *, height_px: int | None = None) -> list[Sheet]:
    """`count` pages: real receipts where the sample data is, else synthetic ones made in `folder`.

    `height_px` keeps only the top of each, for short runs.
    """
    paths = sorted(RECEIPTS.glob("*.jpg"))[:count] if RECEIPTS.is_dir() else synthetic(count, folder)
    return [Sheet(path.name, _top(path, height_px) if height_px else path.read_bytes()) for path in paths]


def synthetic(count: int, folder: Path) -> list[Path]:
    """Receipts of `recto data synth`."""
    command = ["data", "synth", str(folder / "synth"), "--kind", "receipt", "--count", str(count)]
    subprocess.run([*RECTO, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return sorted(path for path in (folder / "synth").rglob("*") if path.suffix in (".png", ".jpg"))[:count]


def _top(path: Path, height_px: int) -> bytes:
    with Image.open(path) as image:
        return _jpeg(image.convert("RGB").crop((0, 0, image.width, min(image.height, height_px))))


def _jpeg(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=92)
    return stream.getvalue()


def bound(sheets: Sequence[Sheet]) -> Sheet:
    """All sheets as the pages of one PDF."""
    pages = [Image.open(io.BytesIO(sheet.data)).convert("RGB") for sheet in sheets]
    stream = io.BytesIO()
    pages[0].save(stream, "PDF", save_all=True, append_images=pages[1:], resolution=200)
    return Sheet("bound.pdf", stream.getvalue())


def pages_of(sheet: Sheet) -> list[Page]:
    """Its pages, as the service decodes them by default."""
    return list(open_document(sheet.data, name=sheet.name))


def workspace_with_releases(folder: Path, count: int, sheet: Sheet) -> Workspace:
    """A new workspace with `count` Releases, the first of them current; each is measured on `sheet`."""
    workspace = create_workspace(folder / "workspace")
    example = Example(image=sheet.name, source=sheet.data, text="0", category="receipt", split="test")
    info = DatasetInfo(root="bench", split="test", fingerprint="f00")
    base = sha256_of(weights_path(RECOGNISER_FILE))
    for shift in range(1, count + 1):
        model = renamed_model(folder / f"model-{shift}", shift)
        report = evaluate(load("ppocr", model=model), [example], dataset=info)
        origin = Origin(data_fingerprint="d" * 64, recipe={}, code_version="0", base_sha256=base)
        add_release(workspace, "general", model, report, origin)
    promote(workspace, 1, scope="general", reason="the benchmark begins")
    return workspace


def renamed_model(path: Path, shift: int) -> Path:
    """A model folder that reads each digit d as d + `shift` (mod 10): the base weights, other names."""
    network = onnx.load(str(weights_path(RECOGNISER_FILE)))
    entry = next(entry for entry in network.metadata_props if entry.key == "character")
    renaming = str.maketrans(DIGITS, DIGITS[shift % 10 :] + DIGITS[: shift % 10])
    entry.value = entry.value.translate(renaming)
    card = ModelCard(
        engine="ppocr",
        base=BaseWeights(name=BASE, sha256=sha256_of(weights_path(RECOGNISER_FILE))),
        characters=entry.value.replace("\n", "") + " ",
    )
    return write_model(path, card, {RECOGNISER: network.SerializeToString()}).path


Truth = dict[tuple[str, str, int], str]
"""(Release, sheet, page) → the text that it must give."""


def truth_of(workspace: Workspace, sheets: Sequence[Sheet]) -> Truth:
    """What each Release reads on each page, read here and now."""
    opened = [(sheet.name, page) for sheet in sheets for page in pages_of(sheet)]
    truth: Truth = {}
    for release in releases(workspace):
        engine: Engine = load_release(workspace, release)
        for name, page in opened:
            truth[str(release.number), name, page.number] = engine.read([page])[0].text
    return truth


@dataclass(slots=True)
class Server:
    """A running `recto serve`."""

    url: str
    process: psutil.Popen

    def memory_mb(self) -> float:
        """Resident memory of the server and all its children; shared pages count in each of them."""
        return sum(_resident_mb(process) for process in (self.process, *self.children()))

    def children(self) -> list[psutil.Process]:
        """Its child processes, and theirs."""
        found: list[psutil.Process] = self.process.children(recursive=True)
        return found


def _resident_mb(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss) / 1e6
    except psutil.Error:
        return 0.0


@contextmanager
def serving(*flags: str, log: Path, environment: dict[str, str] | None = None) -> Iterator[Server]:
    """`recto serve` in a process of its own, ready to read; stopped by SIGTERM at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [*RECTO, "serve", "--port", str(port), *flags]
    with log.open("wb") as stream:
        process = psutil.Popen(
            command, stdout=stream, stderr=stream, env={**os.environ, **(environment or {})}
        )
        server = Server(f"http://127.0.0.1:{port}", process)
        try:
            _wait_until_ready(server, log)
            yield server
        finally:
            _end(process)


def _end(process: psutil.Popen) -> None:
    with suppress(psutil.NoSuchProcess):  # it was killed meanwhile
        process.terminate()
    try:
        process.wait(60)
    except psutil.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_until_ready(server: Server, log: Path) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < until and server.process.poll() is None:
        try:
            if httpx.get(f"{server.url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise SystemExit(f"recto serve didn't become ready:\n{log.read_text('utf-8', 'replace')[-4000:]}")
