"""PageModel: a vision-language model on this machine that answers questions about pages in JSON.

It is the engine vlm's weights, adapters, modes and way of seeing; only what it writes is held to a shape, as
that of a language model of text. Nothing is chosen at random, and an answer in a shape can't loop for long:
the engine's temperatures, beams and guards play no part here.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from recto.engines.text.answering import Answering
from recto.engines.text.constraint import Grammars
from recto.engines.text.generating import Bounds, Prompt
from recto.engines.text.writing import PageQuestion, Written
from recto.engines.vlm.experts import compute_experts
from recto.engines.vlm.opening import Opened, open_for_reading
from recto.engines.vlm.preparing import Prepared, end_id, prepare
from recto.engines.vlm.tasks import framed
from recto.settings import VlmSettings

_LESS_MEMORY = '[vlm] bits = 4, a smaller mode or max_new_tokens, or device = "cpu"'
_THREADS = 2


class PageModel:
    """A PageWriter: the weights of `opened`, in their mode."""

    def __init__(self, opened: Opened, settings: VlmSettings, timeout_s: float | None = None) -> None:
        """`timeout_s` is for the answers to one batch; None is any."""
        loaded = opened.base.loaded
        width = int(loaded.model.config.get_text_config(decoder=True).vocab_size)
        self._opened = opened
        self._grammars = Grammars(loaded.tokenizer, end_id(loaded), width)
        bounds = Bounds(settings.max_new_tokens, timeout_s)
        self._answering = Answering(
            opened.base, opened.adapter, self._grammars, bounds, settings.batch_pages, _LESS_MEMORY
        )
        self.label = opened.label
        self.batch_pages = settings.batch_pages

    def write_about(self, questions: Sequence[PageQuestion]) -> list[Written]:
        """One answer per page, in order. Raises EngineError."""
        with ThreadPoolExecutor(_THREADS, "pages") as threads:
            prepared = list(threads.map(self._prepared, questions))
        pairs = zip(prepared, questions, strict=True)
        return self._answering.write([Prompt(one, self._grammars.matcher(q.shape), 0) for one, q in pairs])

    def _prepared(self, question: PageQuestion) -> Prepared:
        loaded = self._opened.base.loaded
        words = framed(loaded.architecture, question.words)
        return prepare(loaded, question.page.image, words, self._opened.mode)


def open_page_model(
    model: Path | None, settings: VlmSettings, *, timeout_s: float | None = None
) -> PageModel:
    """The model in the folder `model`, or the base weights of `[vlm]`, ready to be asked about pages.

    Raises ModelNotFound (with the command that gets them), ModelFolderError, EngineError, MissingPackage.
    """
    opened = open_for_reading(model, settings)
    compute_experts(opened.base.loaded, settings.experts)
    return PageModel(opened, settings, timeout_s)
