"""kill -9 of the service while reviewers save: what was acknowledged is there, and nothing is there twice."""

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from recto.corrections.documents import document
from recto.corrections.place import Place
from recto.corrections.store import corrections
from recto.workspace.folder import Workspace

from .conftest import Read, row_of

SHORT = bool(os.environ.get("RECTO_SHORT_PROOFS"))
KILLS = 5 if SHORT else 100
REVIEWERS = 3
VICTIM = Path(__file__).with_name("victim.py")
LIMIT_S = 60


@dataclass
class Reviewer:
    """Saves one page again and again; what wasn't answered he sends once more, by the same key."""

    place: Place
    version: str
    number: int = 1
    acknowledged: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return f"{self.place.sha256[:6]} save {self.number}"

    def work(self, url: str, heard: threading.Semaphore) -> None:
        """Save until the service is gone."""
        with httpx.Client(base_url=url, timeout=LIMIT_S) as client, suppress(httpx.TransportError):
            while True:
                answer = client.patch(
                    f"/v1/documents/{self.place.sha256}/transcript",
                    json={"text": self.text, "version": self.version},
                    headers={"Idempotency-Key": self.text},
                )
                assert answer.status_code == 200, answer.text
                self.acknowledged.append(self.text)
                self.version, self.number = answer.json()["version"], self.number + 1
                heard.release()


@pytest.mark.slow
def test_a_kill_loses_nothing_that_was_acknowledged_and_doubles_nothing(
    workspace: Workspace, read: Read
) -> None:
    chance = random.Random(7)
    places = [read(f"page {number}", "machine") for number in range(REVIEWERS)]
    reviewers = [
        Reviewer(place, document(workspace, place.sha256).pages[0].content.version) for place in places
    ]
    for _ in range(KILLS):
        kill_while_they_save(workspace, reviewers, chance.randrange(1, 12), chance.uniform(0, 0.03))
        for reviewer in reviewers:
            texts, told = kept(workspace, reviewer), reviewer.acknowledged
            assert texts in (told, [*told, reviewer.text])  # the last one may have been kept and not answered
            assert row_of(workspace, reviewer.place).text == (texts[-1] if texts else None)
    assert sum(len(reviewer.acknowledged) for reviewer in reviewers) >= KILLS


def kill_while_they_save(workspace: Workspace, reviewers: list[Reviewer], saves: int, delay_s: float) -> None:
    """One life of the service: it ends `delay_s` after so many saves were answered."""
    command = [sys.executable, str(VICTIM), str(workspace.path)]
    heard = threading.Semaphore(0)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        url = service.stdout.readline().strip()
        with ThreadPoolExecutor(len(reviewers)) as pool:
            working = [pool.submit(reviewer.work, url, heard) for reviewer in reviewers]
            try:
                for _ in range(saves):
                    assert heard.acquire(timeout=LIMIT_S)
                threading.Event().wait(delay_s)  # any moment of the saves under way
            finally:
                service.kill()
            for work in working:
                work.result(LIMIT_S)


def kept(workspace: Workspace, reviewer: Reviewer) -> list[str]:
    return [str((one.after or {})["text"]) for one in corrections(workspace, sha256=reviewer.place.sha256)]
