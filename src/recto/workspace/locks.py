"""Locks between processes, which name their holder. The system frees the lock of a process that dies.

For work that takes long, such as one Cycle at a time, and for folders that no row covers. What the database
alone keeps needs none of these: a transaction is enough (`folder.Workspace.transaction`).
"""

import json
import os
import shlex
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from recto.documents.replacing import replace_file
from recto.errors import WorkspaceBusy, WorkspaceError
from recto.workspace.utc import now

A_LOOK_S = 0.5
"""So long nobody is refused: who looks whether a holder lives takes its lock for an instant."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lock: the process, what it does there, and since when (ISO 8601, UTC)."""

    pid: int
    host: str
    command: str
    what: str
    since: str

    def __str__(self) -> str:
        """`process 71 on desk (recto improve: cycle 3), since 2026-11-21 12:00 UTC`."""
        since = datetime.fromisoformat(self.since).strftime("%Y-%m-%d %H:%M UTC")
        return f"process {self.pid} on {self.host} ({self.command}: {self.what}), since {since}"


@contextmanager
def held(path: Path, *, what: str, wait_s: float = 0) -> Iterator[Holder | None]:
    """Hold the lock file `path` while the block runs; `what` says what for, to those who find it taken.

    Gives the holder before, if that one died without letting go, else None. Raises WorkspaceBusy where
    somebody else (another thread of this process, too) still holds it after `wait_s` (A_LOOK_S at least),
    WorkspaceError where it can't be made.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=max(wait_s, A_LOOK_S))
    except Timeout:
        raise _busy(path) from None
    except OSError as error:
        raise WorkspaceError(f"can't be locked: {error.strerror or error}", where=path) from None
    sidecar = _sidecar(path)
    try:
        crashed = holder(path)
        replace_file(sidecar, json.dumps(asdict(_myself(what))).encode("utf-8"))
        try:
            yield crashed
        finally:
            sidecar.unlink(missing_ok=True)
    finally:
        lock.release()


def holder(path: Path) -> Holder | None:
    """Who says to hold the lock file `path`; None where nobody does. It may have died since."""
    try:
        return Holder(**json.loads(_sidecar(path).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def living_holder(path: Path) -> Holder | None:
    """Who really holds the lock file `path`: where it can be had, who says so has died."""
    said = holder(path)
    if said is None:
        return None
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return said
    except OSError:  # not ours to lock: what is said has to do
        return None if has_ended(said) else said
    lock.release()
    return None


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".holder")


def _myself(what: str) -> Holder:
    command = shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]])
    return Holder(os.getpid(), socket.gethostname(), command, what, now().isoformat(timespec="seconds"))


def _busy(path: Path) -> WorkspaceBusy:
    who = holder(path)
    if who is None:
        return WorkspaceBusy("another process holds this lock", where=path, hint="try again in a moment")
    if has_ended(who):
        hint = "that process has ended, but one that it started still runs: end it, or wait"
    else:
        hint = f"wait until it is done, or stop it (kill {who.pid})"
    return WorkspaceBusy(f"held by {who}", where=path, hint=hint)


def has_ended(who: Holder) -> bool:
    """Whether the process is surely gone; only POSIX tells without harm."""
    if who.host != socket.gethostname() or os.name != "posix":
        return False
    try:
        os.kill(who.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False
