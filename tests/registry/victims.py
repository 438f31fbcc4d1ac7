"""A program that is killed: for each order on stdin it forks a process that adds and promotes a Release.

Loaded once, so that each victim starts at once. An order is JSON: the paths `workspace`, `model`, `report`,
and `dies_at` (None, or the number of the file operation in the workspace at which the victim kills itself).
Answers: the victim's process id, and once told to go on by an empty line, how it ended.
"""

import json
import os
import signal
import sys
from pathlib import Path

from recto.evaluation.report import report_from_json
from recto.registry.promotion import promote
from recto.registry.release import Origin
from recto.registry.store import add_release
from recto.workspace.folder import open_workspace

ORIGIN = Origin(data_fingerprint="d" * 64, recipe={"kind": "ctc"}, code_version="0.1.0", base_sha256="b" * 64)
WATCHED = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "sqlite3.connect"}


def die_at(operation: int, folder: str) -> None:
    """Kill this very process at its `operation`-th file operation below `folder`, counted from 0."""
    seen = 0

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if event in WATCHED and any(folder in str(a) for a in arguments if isinstance(a, str | os.PathLike)):
            if seen == operation:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

    sys.addaudithook(watch)


def live(order: dict[str, str | int | None]) -> None:
    """Add the model as a Release, and make it current."""
    report = report_from_json(Path(str(order["report"])).read_text("utf-8"))
    workspace = open_workspace(Path(str(order["workspace"])))
    if order["dies_at"] is not None:
        die_at(int(order["dies_at"]), str(order["workspace"]))
    added = add_release(workspace, "general", Path(str(order["model"])), report, ORIGIN)
    promote(workspace, added.number, scope="general", reason="it was good")


def main() -> None:
    """Take orders until stdin ends."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live(json.loads(line))
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        sys.stdin.readline()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
