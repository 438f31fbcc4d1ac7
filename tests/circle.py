"""What the tests of the whole circle share: the command, the service as a process, and a person at it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from recto.datasets.example import Example
from recto.retraining.status import read_status
from recto.workspace.folder import open_workspace
from recto.workspace.utc import now

RECTO = (sys.executable, "-c", "from recto.cli import main; main()")
LIMIT_S = 900  # for one answer: other tests may keep the machine busy
NAME, PASSWORD = "anna", "a long pass phrase"


def recto(home: Path, *words: object, says: str = "") -> str:
    """What the command says on standard output; it must end well."""
    command = [*RECTO, *map(str, words), "--workspace", str(home)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, input=says)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def new_home(home: Path, toml: str) -> Path:
    """A workspace with these settings and a reviewer."""
    done = subprocess.run([*RECTO, "init", str(home)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (home / "recto.toml").write_text(toml)
    recto(home, "people", "add", NAME, says=f"{PASSWORD}\n")
    return home


@contextmanager
def served(home: Path) -> Iterator[httpx.Client]:
    """A client of `recto serve`, signed in as a reviewer is in the browser."""
    command = [*RECTO, "serve", "--port", "0", "--workspace", str(home)]
    with (home / "service.log").open("w") as errors:
        service = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert service.stdout is not None
            url = service.stdout.readline().removeprefix("listening on ").strip()
            with httpx.Client(base_url=url, timeout=LIMIT_S) as client:
                signed_in = client.post("/v1/session", json={"name": NAME, "password": PASSWORD})
                client.headers["X-CSRF-Token"] = signed_in.json()["csrf"]
                yield client
        finally:
            service.terminate()
            service.communicate(timeout=LIMIT_S)


def source(receipt: Example) -> tuple[str, bytes]:
    """Its name and its bytes, as they are uploaded."""
    assert isinstance(receipt.source, bytes)
    return Path(receipt.image).name, receipt.source


def upload(client: httpx.Client, receipt: Example) -> str:
    """The id of the document, which was read and waits."""
    answer = client.post("/v1/documents", files={"file": source(receipt)}, data={"category": "receipt"})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["pages_read"], told["pages"][0]["state"]) == (1, "queued")
    return str(told["id"])


def due(home: Path, scope: str) -> list[str]:
    """The Triggers of a loop that are due, with their reasons."""
    loops = read_status(open_workspace(home), now()).scopes
    said = [said for loop in loops if loop.scope == scope for said in loop.triggers]
    return [f"{one.trigger}: {one.words}" for one in said if one.due]
