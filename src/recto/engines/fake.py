"""FakeEngine: a public test double. It says what it is told to say; it reads nothing."""

from collections.abc import Mapping, Sequence

from recto.documents.page import Page
from recto.documents.transcript import Finish, Line, Transcript


class FakeEngine:
    """Answers with given texts by document name (and "" for documents that it wasn't told about)."""

    label = "fake 1"
    batch_pages = 4

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts = dict(texts or {})

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, each text line in a box of equal height."""
        return [self._transcript(page) for page in pages]

    def _transcript(self, page: Page) -> Transcript:
        rows = self._texts.get(page.document, "").splitlines()
        step = page.height / max(len(rows), 1)
        lines = tuple(
            Line(text=row, box=(0.0, i * step, float(page.width), (i + 1) * step), confidence=1.0)
            for i, row in enumerate(rows)
        )
        return Transcript(
            document=page.document,
            page=page.number,
            width=page.width,
            height=page.height,
            text="\n".join(rows),
            lines=lines,
            engine=self.label,
            finish=Finish.COMPLETE if rows else Finish.BLANK,
            sha256=page.sha256,
            dpi=page.dpi,
        )


def load() -> FakeEngine:
    """The engine as the catalog loads it: it answers every page with nothing."""
    return FakeEngine()
