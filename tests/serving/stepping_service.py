"""A program: the service of a workspace with an engine that reads one page at a time, and only so many.

`python stepping_service.py WORKSPACE STEPS`: the file STEPS says how many pages may be read; each one that is
read is a line of STEPS.log. It prints the URL once it listens, and ends as `recto serve` does, or at once at
a page that STEPS.deadly names.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.fake import FakeEngine
from recto.serving.server import serve
from recto.serving.service import Service
from recto.workspace.folder import open_workspace


class SteppingEngine:
    label, batch_pages = "stepping 1", 1

    def __init__(self, steps: Path) -> None:
        self._steps, self._log, self._deadly = steps, steps.with_suffix(".log"), steps.with_suffix(".deadly")
        self._read = 0

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        (page,) = pages
        if page.document != "warm-up":
            self._read += 1
            with self._log.open("a") as log:
                log.write(f"{page.document} {page.number}\n")
            if self._deadly.exists() and f"{page.document} {page.number}" in self._deadly.read_text():
                os.kill(os.getpid(), signal.SIGKILL)
            while int(self._steps.read_text() or 0) < self._read:
                time.sleep(0.01)
        name = f"{page.document} page {page.number}"
        return FakeEngine({page.document: name}).read(pages)


if __name__ == "__main__":
    workspace = open_workspace(Path(sys.argv[1]))
    serving = workspace.settings.serving.model_copy(update={"port": 0, "max_batch_size": 1})
    settings = workspace.settings.model_copy(update={"serving": serving})
    engine = SteppingEngine(Path(sys.argv[2]))
    service = Service(settings, workspace, lambda _: engine)
    serve(service, lambda url: print(url, flush=True))  # noqa: T201
