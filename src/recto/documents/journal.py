"""Journal: transcripts of a folder run, one JSON line per page, appended and synced as pages are read.

It is both the result (`transcripts.jsonl`) and the memory of what is finished: after a kill, the torn last
line is cut off and reading goes on. It knows nothing of engines or of other output formats.
"""

import json
import os
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Self

from recto.documents.transcript import Transcript, TranscriptJson, transcript_from_json
from recto.errors import OutputError

_Places = dict[int, int]
"""Page number → offset of its line in the file."""


def json_line(transcript: Transcript) -> bytes:
    """The transcript as one line of JSON in UTF-8.

    File names with bytes that are no text hold lone surrogates; those are written as JSON escapes.
    """
    text = json.dumps(transcript.to_json(), ensure_ascii=False, separators=(", ", ": "))
    return text.encode("utf-8", errors="backslashreplace") + b"\n"


class Journal:
    """Finished pages by document name and content hash; one process writes at a time."""

    def __init__(self, path: Path, *, names: frozenset[str] = frozenset()) -> None:
        """Open or create the file and learn what it holds. Raises OutputError.

        `names` are the documents of this run: a finished document that isn't among them may be one of
        them under an earlier name (a relative path, say), and is then known by its content.
        """
        self.path = path
        self.engines: set[str] = set()
        self.dpis: set[float] = set()
        self._names = names
        self._lock = threading.Lock()  # pages are asked for ahead, in another thread than they are appended
        self._documents: dict[str, dict[str, _Places]] = {}
        self._file = self._open()
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file and its lock."""
        self._file.close()

    def finished(self, document: str, sha256: str) -> Mapping[int, int]:
        """The finished pages of a document: page number → place in the file.

        Raises OutputError when the file has other content now than what was read then.
        """
        with self._lock:
            by_name = self._documents.setdefault(sha256, {})
            if document not in by_name:
                earlier = next((name for name in by_name if name not in self._names), None)
                if earlier is not None:
                    by_name[document] = by_name.pop(earlier)
            if document not in by_name and self._was_read_before(document):
                raise OutputError(
                    f"this file has changed since it was read into {self.path.parent}",
                    where=document,
                    hint="read it into another --out",
                )
            return dict(by_name.get(document, {}))

    def append(self, transcript: Transcript) -> None:
        """Write one page and wait until the disk has it. Raises OutputError."""
        try:
            self._file.seek(0, os.SEEK_END)
            offset = self._file.tell()
            self._file.write(json_line(transcript))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._failed("can't be written", error) from None
        self._remember(transcript, offset)

    def transcripts(self, document: str, sha256: str) -> Iterator[Transcript]:
        """The finished pages of a document in order, read back one at a time."""
        for _, offset in sorted(self.finished(document, sha256).items()):
            self._file.seek(offset)
            yield transcript_from_json(json.loads(self._file.readline()))

    def _open(self) -> BinaryIO:
        try:
            self.path.touch()
            file = self.path.open("r+b")
        except OSError as error:
            raise self._failed("can't be written", error) from None
        if not _locked(file):
            file.close()
            raise OutputError(
                "another process is writing here", where=self.path, hint="wait for it, or use another --out"
            )
        return file

    def _load(self) -> None:
        """Learn every page; cut off a torn last line. Raises OutputError for damage anywhere else."""
        offset, size = 0, self.path.stat().st_size
        for number, line in enumerate(self._file, start=1):
            transcript = _parsed(line)
            if transcript is None:
                if offset + len(line) < size:
                    raise OutputError(
                        "this line is not a transcript",
                        where=f"{self.path}:{number}",
                        hint="repair or remove the line, or use another --out",
                    )
                self._file.truncate(offset)
                return
            self._remember(transcript, offset)
            offset += len(line)

    def _remember(self, transcript: Transcript, offset: int) -> None:
        self.engines.add(transcript.engine)
        if transcript.dpi is not None:
            self.dpis.add(transcript.dpi)
        with self._lock:
            by_name = self._documents.setdefault(transcript.sha256, {})
            by_name.setdefault(transcript.document, {})[transcript.page] = offset

    def _was_read_before(self, document: str) -> bool:
        return any(document in by_name for by_name in self._documents.values())

    def _failed(self, what: str, error: OSError) -> OutputError:
        return OutputError(f"{what}: {error.strerror}", where=self.path, hint="check space and permissions")


def _parsed(line: bytes) -> Transcript | None:
    """The transcript of a whole line, None for a torn one."""
    if not line.endswith(b"\n"):
        return None
    try:
        value: TranscriptJson = json.loads(line)
        return transcript_from_json(value)
    except (ValueError, KeyError, TypeError, IndexError):
        return None


def _locked(file: BinaryIO) -> bool:
    """Take the file for this process alone; where the system has no such locks, take it on trust."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
