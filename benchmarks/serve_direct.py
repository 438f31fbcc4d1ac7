"""The engine alone, in a process of its own, which `serve_load.py` compares the service with.

It waits for orders on standard input, so that each comparison is made a moment before or after the service's
own: `N` reads page N and answers with the seconds of that one engine call; `all` reads all of them as
`recto read` does, decoding included, and answers with pages per second.
"""

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from serve_ground import Sheet

from recto.documents.opening import open_document
from recto.engines.catalog import load
from recto.engines.reading import read_pages


@dataclass(frozen=True, slots=True)
class Direct:
    """The process, as long as it runs."""

    process: "subprocess.Popen[str]"

    @classmethod
    @contextmanager
    def running(cls, engine: str, sheets: Sequence[Sheet], folder: Path) -> "Iterator[Direct]":
        """Start it with files of these sheets, written into `folder`."""
        folder.mkdir()
        paths = [folder / f"{number:04d}-{Path(sheet.name).name}" for number, sheet in enumerate(sheets)]
        for path, sheet in zip(paths, sheets, strict=True):
            path.write_bytes(sheet.data)
        command = [sys.executable, __file__, engine, *map(str, paths)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with process:
            yield cls(process)
            process.terminate()

    def call_s(self, number: int) -> float:
        """Seconds of one engine call with one page."""
        return self._answer(str(number))

    def pages_per_s(self) -> float:
        """Pages per second of all sheets."""
        return self._answer("all")

    def _answer(self, order: str) -> float:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def main() -> None:
    engine = load(sys.argv[1])
    paths = [Path(name) for name in sys.argv[2:]]
    pages = [page for path in paths for page in open_document(path)]
    for page in pages:
        engine.read([page])  # the runtime prepares itself for each shape of input
    for line in sys.stdin:
        order = line.strip()
        started = time.perf_counter()
        if order == "all":
            stream = (page for path in paths for page in open_document(path))
            done = sum(1 for _ in read_pages(engine, stream))
            print(done / (time.perf_counter() - started), flush=True)
        else:
            engine.read([pages[int(order)]])
            print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main()
