"""The service over HTTP while Releases are promoted and rolled back: nothing is lost, nothing is mixed."""

import threading
from pathlib import Path

import httpx

from recto.engines.engine import Engine
from recto.registry.promotion import rollback
from recto.registry.reading import Named
from recto.serving.service import Service
from recto.workspace.folder import create_workspace, open_workspace

from ..conftest import Make
from ..registry.conftest import Pages, Registry
from .conftest import Reciting, Served, serving, settings_with
from .engines import LIMIT_S

CLIENTS = 4


class Signing(Reciting):
    """Says which Release it is on each page, beside what `Named` says."""

    def __init__(self, number: int | None) -> None:
        self.label = f"signing {number}"


def load(number: int | None) -> Engine:
    return Signing(number) if number is None else Named(Signing(number), str(number))


def releases_of(folder: Path) -> Registry:
    """Releases 1 and 2; the first is current."""
    create_workspace(folder / "work")
    (folder / "pages").mkdir()
    registry = Registry(open_workspace(folder / "work"), Pages(folder / "pages"), folder)
    for weights in (b"one", b"two"):
        registry.add(weights)
    registry.promote(1)
    return registry


def test_promotions_while_requests_run(tmp_path: Path, make_pdf: Make) -> None:
    registry, document = releases_of(tmp_path), make_pdf(3)
    settings = settings_with(serving={"reload_every_s": 0.01})
    answers: list[httpx.Response] = []
    stop = threading.Event()

    def ask(served: Served) -> None:
        while not stop.is_set():
            answers.append(served.client.post("/v1/read", files={"file": ("a.pdf", document)}))

    with serving(Service(settings, registry.workspace, load)) as served:
        threads = [threading.Thread(target=ask, args=(served,)) for _ in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for release in ("2", "1", "2"):
            if release == "2":
                registry.promote(2)
            else:
                rollback(registry.workspace, "general", reason="test")
            wait_for(served, release)
        stop.set()
        for thread in threads:
            thread.join(LIMIT_S)
    assert {answer.status_code for answer in answers} == {200}
    told = [answer.json() for answer in answers]
    assert {one["release"] for one in told} == {"1", "2"}
    for one in told:
        pages = [page["transcript"] for page in one["pages"]]
        assert [page["release"] for page in pages] == [one["release"]] * 3
        assert {page["engine"] for page in pages} == {one["engine"]} == {f"signing {one['release']}"}


def wait_for(served: Served, release: str) -> None:
    """Until it reads, and somebody was answered with it."""
    pause = threading.Event()
    for _ in range(20 * LIMIT_S):
        if served.client.get("/v1/releases").json()["reading"][0]["release"] == release:
            served.client.post("/v1/read", files={"file": ("a", b"nothing")})
            return
        pause.wait(0.05)
    raise AssertionError(f"Release {release} never reads")
