"""Several processes agree on what the first one says."""

import os
import socket
import subprocess
import sys

import pytest

from recto.training import ranks

_SAYS = (
    "import sys; from recto.training import ranks; sys.exit(10 + ranks.agreed(goes_on=ranks.rank() == {}))"
)


def test_one_process_needs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "3")  # of another program
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert (ranks.rank(), ranks.processes()) == (0, 1)
    assert ranks.agreed(goes_on=True) and not ranks.agreed(goes_on=False)


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize(("optimist", "said"), [(0, 11), (1, 10)])
def test_the_first_one_is_heard(optimist: int, said: int) -> None:
    """What the others say doesn't matter."""
    shared = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_port())}
    started = [
        subprocess.Popen([sys.executable, "-c", _SAYS.format(optimist)], env=shared | {"RANK": str(rank)})
        for rank in range(2)
    ]
    assert [process.wait(timeout=120) for process in started] == [said, said]
