"""Pages that were read, opened once more: for an extractor that looks at them."""

from dataclasses import dataclass
from pathlib import Path

from recto.cli.read_run import Wanted
from recto.documents.opening import open_pages
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.errors import BrokenDocument


@dataclass(frozen=True, slots=True)
class OpenedAgain:
    """Opens the page of a Transcript as it was read: the file of its document, in the run's resolution."""

    wanted: Wanted

    def __call__(self, read: Transcript) -> Page:
        """The page. Raises DocumentErrors, also where the file isn't the one that was read."""
        dpi = self.wanted.dpi if read.dpi is None else read.dpi
        with open_pages(Path(read.document), limits=self.wanted.limits, dpi=dpi) as (source, document):
            if read.sha256 and source.sha256 != read.sha256:
                raise BrokenDocument(
                    "the file has changed since it was read", where=read.document, hint="read it again"
                )
            return document.page(read.page)
