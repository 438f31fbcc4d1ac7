"""RemoteEngine: a vision-language model in a server; pages go there, and what comes back is guarded.

One request for each page: the server gathers batches by itself, so several threads may read at once. What a
blank page, a loop or a cut answer is, is decided as for models that run here.
"""

import time
from collections.abc import Sequence

from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.remote.answering import likelihood_of
from recto.engines.remote.asking import instruction, question
from recto.engines.remote.server import Server, only_model
from recto.engines.vlm.answers import blank, guarded, style_of, transcript_of
from recto.engines.vlm.architectures import ARCHITECTURES
from recto.engines.vlm.guards import ink_px
from recto.engines.vlm.tasks import task_named
from recto.settings import RemoteSettings


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
        model = settings.model or only_model(server)
        self._settings = settings.model_copy(update={"model": model})
        self.label = f"remote {model}"

    def with_task(self, task: str, what: str = "") -> "RemoteEngine":
        """The same model on the same server, asked for another task."""
        return RemoteEngine(self._server, self._settings, task=task, what=what)

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, one after the other. Raises EngineError where the server can't be used."""
        return [self._read_page(page) for page in pages]

    def _read_page(self, page: Page) -> Transcript:
        style = style_of(self._architecture, self._task)
        if not ink_px(page.image):  # models answer blank pages with text
            return blank(page, style, engine=self.label)
        started = time.perf_counter()
        body = question(page, self._words, self._settings.model, self._settings)
        completion = self._server.complete(body, where=f"{page.document}, page {page.number}")
        written = completion.text.removesuffix(self._architecture.end)
        answer = guarded(written, likelihood_of(completion), was_cut=completion.was_cut)
        seconds = time.perf_counter() - started
        return transcript_of(page, answer, style, engine=self.label, seconds=seconds)
