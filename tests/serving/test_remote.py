"""A service as a remote engine, and a service whose engine is remote: whole ways, over real HTTP."""

import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from recto.documents.page import Page
from recto.engines.catalog import load
from recto.engines.remote import RemoteEngine
from recto.engines.remote.server import Server
from recto.errors import EngineError
from recto.serving.app import create_app
from recto.serving.service import Service
from recto.settings import RemoteSettings, Settings
from recto.workspace.folder import create_workspace, open_workspace

from ..engines.remote.speaker import Reply, Speaker, said, speaking
from .conftest import Served, serving
from .live import live


def printed(text: str) -> np.ndarray:
    image = np.full((200, 900, 3), 255, np.uint8)
    cv2.putText(image, text, (30, 130), cv2.FONT_HERSHEY_SIMPLEX, 2, (0, 0, 0), 4)
    return image


def test_recto_reads_through_another_recto() -> None:
    with live(create_app(Service(Settings(), load=lambda release: load("ppocr")))) as url:
        settings = RemoteSettings(url=f"{url}/v1", model="recto", preset="plain", task="text")
        server = Server(settings)
        assert "recto" in server.models()
        engine = RemoteEngine(server, settings)
        transcript = engine.read([Page("receipt.png", 1, printed("Total 17.95"))])[0]
        assert transcript.text == "Total 17.95"
        other = RemoteEngine(server, settings.model_copy(update={"model": "gpt-9"}))
        with pytest.raises(EngineError, match=r"answered 404: .*gpt-9"):
            other.read([Page("receipt.png", 1, printed("Total"))])
        server.close()


@pytest.fixture
def speaker() -> Iterator[Speaker]:
    with speaking(Reply(said("Total 7.00"))) as running:
        yield running


@pytest.fixture
def served(speaker: Speaker, tmp_path: Path) -> Iterator[Served]:
    """A service in a workspace whose `recto.toml` names the server."""
    create_workspace(tmp_path / "work")
    file = tmp_path / "work" / "recto.toml"
    text = file.read_text("utf-8").replace('engine = "ppocr"', 'engine = "remote"')
    file.write_text(text.replace('url = ""', f'url = "{speaker.url}"', 1))
    workspace = open_workspace(tmp_path / "work")
    with serving(Service(workspace.settings, workspace)) as running:
        yield running


def png(text: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(printed(text)).save(stream, "PNG")
    return stream.getvalue()


def test_pages_pass_straight_through(served: Served, speaker: Speaker) -> None:
    answer = served.client.post("/v1/read", files={"file": ("a.png", png("Total"))}).json()
    assert answer["pages"][0]["transcript"]["text"] == "Total 7.00"
    assert answer["engine"] == "remote deepseek-ai/DeepSeek-OCR-2"
    together = threading.Barrier(2)  # each answer waits for the other question
    speaker.replies[:] = [Reply(said("Total 8.00"), wait=together)]
    with ThreadPoolExecutor(2) as clients:
        asked = [
            clients.submit(served.client.post, "/v1/read", files={"file": ("a.png", png(n))}) for n in "ab"
        ]
        assert [one.result().json()["pages"][0]["transcript"]["text"] for one in asked] == ["Total 8.00"] * 2


def test_that_the_server_failed_is_told_but_not_its_words(served: Served, speaker: Speaker) -> None:
    speaker.replies[:] = [Reply({"error": {"message": "no such lora"}}, 400)]
    answer = served.client.post("/v1/read", files={"file": ("a.png", png("Total"))})
    assert answer.status_code >= 400
    assert answer.json()["detail"] == "the model couldn't read this page"
    assert "no such lora" not in answer.text
