"""Readings: an Engine that reads no page twice: what it has read is kept in a file, whole after any kill.

It is wrapped around the engine that reads for what finds fields, so that a training which goes on, and
measuring after training, cost no second reading.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recto.documents.page import Page
from recto.documents.transcript import Transcript, transcript_from_json
from recto.engines.engine import Engine
from recto.errors import OutputError

READINGS = "readings.jsonl"
"""What the file is called, among what a Run prepares."""

_Key = tuple[str, int]


class KeptReadings:
    """What `engine` reads, and what it has read according to `path`: one Transcript as JSON a line.

    A page is known by its document's content and its number; pages of unknown content are always read.
    Lines of another engine, and the torn one that a kill leaves, count as none.
    """

    def __init__(self, engine: Engine, path: Path) -> None:
        self._engine, self._path = engine, path
        self.label, self.batch_pages = engine.label, max(engine.batch_pages, 1)
        self._known = dict(self._read_before())

    def read(self, pages: Sequence[Page]) -> list[Transcript]:
        """One Transcript per page, in order. Raises what the engine raises, and OutputError."""
        new = [page for page in pages if _key(page) not in self._known]
        if new:
            for page, transcript in zip(new, self._engine.read(new), strict=True):
                self._keep(page, transcript)
        return [replace(self._known[_key(page)], document=page.document) for page in pages]

    def _keep(self, page: Page, transcript: Transcript) -> None:
        kept = replace(transcript, sha256=page.sha256).to_json()
        self._known[_key(page)] = transcript_from_json(kept)  # rounded, as when it is read from the file
        if not page.sha256:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8", errors="backslashreplace") as stream:
                stream.write("\n" + json.dumps(kept) + "\n")
        except OSError as error:
            raise OutputError(f"can't be written: {error.strerror or error}", where=self._path) from error

    def _read_before(self) -> list[tuple[_Key, Transcript]]:
        if not self._path.is_file():
            return []
        found = []
        for line in self._path.read_text("utf-8").splitlines():
            try:
                transcript = transcript_from_json(json.loads(line))
            except (ValueError, KeyError, TypeError):  # torn by a kill: that page is read again
                continue
            if transcript.engine == self.label:
                found.append(((transcript.sha256, transcript.page), transcript))
        return found


def _key(page: Page) -> _Key:
    return page.sha256 or f"unknown {page.document}", page.number
