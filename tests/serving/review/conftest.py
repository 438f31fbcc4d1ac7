"""Review pages that are really served: a workspace with people, and a browser if there is one."""

import io
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from PIL import Image, ImageDraw

from recto.documents.page import Page
from recto.documents.transcript import Line, Transcript, Word
from recto.serving.app import create_app
from recto.serving.people import add_person
from recto.serving.review.loop import LoopStanding, Share, TriggerSays, Turn
from recto.serving.service import Service
from recto.workspace.folder import Workspace, create_workspace
from recto.workspace.utc import now

from ..conftest import settings_with
from ..live import live

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

PASSWORD = "a long pass phrase"
ROOT = Path(__file__).parents[3]
SCREENSHOTS = ROOT / "out" / "screenshots"
"""Kept by every run of these tests, to be looked at."""

SIZE = (600, 800)


def sheet(seed: int, rows: int = 6) -> bytes:
    """A page that looks printed; another seed, another page."""
    image = Image.new("RGB", SIZE, (252, 251, 246))
    pen = ImageDraw.Draw(image)
    for row in range(rows):
        top = 40 + row * (720 / rows)
        for word in range(4):
            left = 50 + word * 110
            width = 40 + (seed * 31 + row * 17 + word * 7) % 60
            pen.rectangle((left, top, left + width, top + min(14, 500 / rows)), fill=(60, 60, 70))
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


UNSURE = (Word(0.97, (0.0, 0.3)), Word(0.42, (0.35, 0.4)), Word(0.99), Word(0.95))


class Rows:
    """Says `line N of NAME` in as many rows as the name has in brackets (6 else); each third is unsure."""

    label, batch_pages = "rows 1", 4

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        return [self._said(page) for page in pages]

    def _said(self, page: Page) -> Transcript:
        found = re.search(r"\[(\d+)\]", page.document)
        count = int(found[1]) if found else 6
        step = 720 / count
        lines = tuple(
            Line(
                f"line {n + 1} of {Path(page.document).stem.partition('[')[0]}",
                (50.0, 38 + n * step, 480.0, 38 + n * step + min(20, step)),
                0.55 if n % 3 == 1 else 0.98,
                words=UNSURE if n % 3 == 1 else (),
            )
            for n in range(count)
        )
        return Transcript(
            document=page.document,
            page=page.number,
            width=page.width,
            height=page.height,
            text="\n".join(line.text for line in lines),
            lines=lines,
            engine=self.label,
            sha256=page.sha256,
            dpi=page.dpi,
        )


SCOPES = ("general", "fields:receipt", "real estate")


class PaperLoop:
    """Loops on paper: of all kinds of Cycles, of a tagger, and of a business type whose name has a blank."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def standings(self) -> Sequence[LoopStanding]:
        mix = [Share("receipt", 24, 0.6, 0.4), Share("invoice", 12, 0.3, 0.3), Share("contract", 4, 0.1, 0.3)]
        triggers = [
            TriggerSays("new_documents", True, "40 new documents, 40 wanted"),
            TriggerSays("monthly", False, "not before 1 December"),
        ]
        better = ("better", True, "4.1 points better on 20 documents")
        worse = ("forgetting", False, "3.0 points worse on general pages")
        turns = [
            Turn(1, "released", now(), ["first run"], 0.20, 0.12, [better], 1, "Release 1"),
            Turn(2, "refused", now(), ["new documents"], 0.12, 0.15, [worse], None, "refused"),
            Turn(3, "running", now(), ["monthly"], None, None, [], None, None, "epoch 2: 3.10% wrong"),
        ]
        found = Turn(4, "released", now(), ["first run"], 0.61, 0.83, [better], 2, "mean F1 0.610 → 0.830")
        asked = {scope: [reason for name, reason in self.asked if name == scope] for scope in SCOPES}
        general, receipts, estate = SCOPES
        labelled = {"train": 38, "test": 20}
        return [
            LoopStanding(general, 40, False, mix, triggers, asked[general], turns),
            LoopStanding(receipts, 58, True, [], triggers[:1], asked[receipts], [found], True, labelled),
            LoopStanding(estate, 0, False, [], triggers, asked[estate], []),
        ]

    def ask(self, scope: str, reason: str) -> None:
        self.asked.append((scope, reason))


@dataclass(frozen=True)
class Site:
    """The pages at `url`, and what is behind them."""

    url: str
    workspace: Workspace
    loop: PaperLoop
    client: httpx.Client

    def upload(self, name: str, seed: int, rows: int = 6) -> str:
        """A document that waits; its id."""
        answer = self.client.post("/v1/documents", files={"file": (name, sheet(seed, rows))})
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    def text_of(self, document: str) -> str:
        return str(self.client.get(f"/v1/documents/{document}").json()["pages"][0]["text"])

    def corrections_of(self, document: str) -> list[dict[str, object]]:
        return list(self.client.get(f"/v1/documents/{document}/corrections").json()["corrections"])


def signed_in(client: httpx.Client, name: str) -> None:
    """Have the client's changes be that person's."""
    told = client.post("/v1/session", json={"name": name, "password": PASSWORD})
    assert told.status_code == 200, told.text
    client.headers["X-CSRF-Token"] = told.json()["csrf"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    workspace = create_workspace(tmp_path_factory.mktemp("review") / "work")
    for name, role in (("anna", "admin"), ("ben", "reviewer"), ("rita", "reader")):
        add_person(workspace, name, PASSWORD, role)  # type: ignore[arg-type]
    loop = PaperLoop()
    service = Service(settings_with(), workspace, lambda _: Rows())
    with live(create_app(service, loop)) as url, httpx.Client(base_url=url, timeout=60) as client:
        signed_in(client, "anna")
        yield Site(url, workspace, loop, client)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    api = pytest.importorskip("playwright.sync_api", reason="playwright isn't installed")
    program = next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )
    if program is None:
        pytest.skip("no Chromium here (apt-get install chromium)")
    with api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def opened(browser: "Browser", site: Site) -> "Iterator[Callable[..., BrowserContext]]":
    """A function (name of a person, options) → his browser, signed in; nothing may go wrong in it unseen."""
    contexts, faults = [], []

    def open_for(name: str, **options: object) -> "BrowserContext":
        context = browser.new_context(base_url=site.url, viewport={"width": 1280, "height": 800}, **options)
        contexts.append(context)
        answer = context.request.post("/v1/session", data={"name": name, "password": PASSWORD})
        assert answer.ok
        context.on("weberror", lambda error: faults.append(str(error.error)))
        context.on(
            "console", lambda said: faults.append(said.text) if "Content Security" in said.text else None
        )
        return context

    yield open_for
    for context in contexts:
        context.close()
    assert not faults
