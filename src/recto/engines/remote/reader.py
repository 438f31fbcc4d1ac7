"""RemoteEngine: a vision-language model in a server; pages go there, and what comes back is guarded.

One request for each page: the server gathers batches by itself, so several threads may read at once. What a
blank page, a loop or a cut answer is, is decided as for models that run here.
"""

import time
from collections.abc import Sequence

from recto.documents.page import Page
from recto.documents.transcript import Finish, Transcript
from recto.engines.remote.answering import Completion, confidence_of
from recto.engines.remote.asking import instruction, question
from recto.engines.remote.server import Server
from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.vlm.grounding import Style, lines_of, pieces_of, text_of
from recto.engines.vlm.guards import find_loop, ink_px
from recto.engines.vlm.tasks import Task, is_grounded, task_named
from recto.errors import EngineError
from recto.settings import RemoteSettings

_STYLES = {Task.MARKDOWN: Style.BLOCKS, Task.LOCATE: Style.FINDS}


class RemoteEngine:
    """The model that `settings.model` names, on `server`, asked for one task."""

    batch_pages = 0

    def __init__(self, server: Server, settings: RemoteSettings, *, task: str = "", what: str = "") -> None:
        """`task` (and `what` to locate) instead of that of the settings. Raises EngineError for unknown ones,
        and where no model is named and the server has several, or can't be asked which it has.
        """
        self._server = server
        self._architecture = ARCHITECTURES[settings.architecture]
        self._task = task_named(task or settings.task)
        self._words = instruction(self._architecture, self._task, what)
        model = settings.model or _only_model(server)
        self._settings = settings.model_copy(update={"model": model})
        self.label = f"remote {model}"

    def with_task(self, task: str, what: str = "") -> "RemoteEngine":
        """The same model on the same server, asked for another task."""
        return RemoteEngine(self._server, self._settings, task=task, what=what)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, one after the other. Raises EngineError where the server can't be used."""
        return [self._read_page(page) for page in pages]

    def _read_page(self, page: Page) -> Transcript:
        started = time.perf_counter()
        if not ink_px(page.image):  # models answer blank pages with text
            return self._transcript(page, Completion.model_validate(_NOTHING), started)
        body = question(page, self._words, self._settings.model, self._settings)
        completion = self._server.complete(body, where=f"{page.document}, page {page.number}")
        return self._transcript(page, completion, started)

    def _transcript(self, page: Page, completion: Completion, started: float) -> Transcript:
        answer = completion.text.removesuffix(self._architecture.end)
        loop = find_loop(answer, was_cut=completion.was_cut)
        answer = answer[: loop.end] if loop else answer
        style = self._style()
        pieces = pieces_of(answer, style)
        text = text_of(pieces, style)
        if loop:
            finish = Finish.REPEATING
        elif completion.was_cut:
            finish = Finish.TRUNCATED
        else:
            finish = Finish.COMPLETE if text else Finish.BLANK
        return Transcript(
            document=page.document,
            page=page.number,
            width=page.width,
            height=page.height,
            text=text,
            lines=tuple(lines_of(pieces, style, (page.width, page.height), confidence_of(completion))),
            engine=self.label,
            finish=finish,
            seconds=time.perf_counter() - started,
            sha256=page.sha256,
            dpi=page.dpi,
        )

    def _style(self) -> Style:
        """What stands in the marks of places; text without marks is lines, Markdown stays as it is."""
        if is_grounded(self._architecture, self._task):
            return _STYLES.get(self._task, Style.LINES)
        return Style.BLOCKS if self._task is Task.MARKDOWN else Style.LINES


_NOTHING = {"choices": [{"message": {"content": ""}}]}


def _only_model(server: Server) -> str:
    names = server.models()
    if len(names) == 1:
        return names[0]
    listed = ", ".join(names) or "none"
    raise EngineError(
        f"the server has {len(names)} models: {listed}", where=server.url, hint="name one as [remote] model"
    )
