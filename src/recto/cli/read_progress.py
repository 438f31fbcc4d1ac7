"""The progress bar of `recto read`: documents done, pages read, time left. On a terminal's stderr only."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from recto.cli.read_run import Opened
from recto.cli.read_run import Progress as ReadProgress

_NAME_WIDTH = 24  # a long name would squeeze the bar


class _Silence:
    """Shows nothing."""

    def opened(self, opened: Opened) -> None: ...

    def page(self) -> None: ...

    def closed(self) -> None: ...


class _Bar:
    """One bar over documents; a long document moves it page by page."""

    def __init__(self, bar: Progress, documents: int) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=documents, pages=0)
        self._documents = self._pages = 0
        self._step = 0.0

    def opened(self, opened: Opened) -> None:
        self._step = 1 / max(len(opened.pending), 1)
        self._bar.update(self._task, description=opened.file.path.name[:_NAME_WIDTH])

    def page(self) -> None:
        self._pages += 1
        self._bar.update(self._task, advance=self._step, pages=self._pages)

    def closed(self) -> None:
        self._documents += 1
        self._bar.update(self._task, completed=self._documents)


@contextmanager
def shown_progress(documents: int, *, watched: bool) -> Iterator[ReadProgress]:
    """What to tell the progress to; a bar if `watched` and stderr is a terminal."""
    console = Console(stderr=True)
    if not (watched and console.is_terminal):
        yield _Silence()
        return
    columns = (
        TextColumn("{task.fields[pages]} pages"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("documents"),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield _Bar(bar, documents)
