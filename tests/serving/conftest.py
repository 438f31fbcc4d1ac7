"""A service that is really there: uvicorn, processes that decode, an engine that says which page it got."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from recto.documents.page import Page
from recto.documents.transcript import Line, Transcript
from recto.serving.app import create_app
from recto.serving.service import Service
from recto.settings import Settings
from recto.workspace.folder import Workspace, create_workspace

from .live import live


class Reciting:
    """Says `NAME page N` of each page, in one line that it is half sure of."""

    label, batch_pages = "reciting 1", 4

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        return [self._said(page) for page in pages]

    def _said(self, page: Page) -> Transcript:
        text = f"{page.document} page {page.number}"
        line = Line(text, (0.0, 0.0, float(page.width), float(page.height)), confidence=0.5)
        return Transcript(
            document=page.document,
            page=page.number,
            width=page.width,
            height=page.height,
            text=text,
            lines=(line,),
            engine=self.label,
            sha256=page.sha256,
            dpi=page.dpi,
        )


@dataclass(frozen=True, slots=True)
class Served:
    """A service that is running, and a client of it."""

    service: Service
    client: httpx.Client


def settings_with(**tables: Mapping[str, object]) -> Settings:
    """The default settings with one decoder, and what `tables` say."""
    whole = {"uploads": {"decode_workers": 1}, "serving": {}, **tables}
    whole["uploads"] = {"decode_workers": 1, **whole["uploads"]}
    return Settings.model_validate(whole)


@contextmanager
def serving(service: Service, key: str | None = None) -> Iterator[Served]:
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    with live(create_app(service)) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield Served(service, client)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return create_workspace(tmp_path / "work")


@pytest.fixture
def file_part() -> Callable[..., dict[str, tuple[str, bytes]]]:
    """A function (bytes, name) → the `files` of httpx."""
    return lambda data, name="upload": {"file": (name, data)}
