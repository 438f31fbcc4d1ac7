"""Samples: a few pages kept for an audit, as a thumbnail and the text, if the settings wish it at all.

What the redactor of the settings takes out of the text is blackened in the thumbnail as well. A sample whose
redaction fails isn't kept. After their days samples are deleted, and overwritten where the database can.
"""

import importlib
import io
import logging
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from PIL import Image as PillowImage
from PIL import ImageDraw
from sqlalchemy import delete, text

from recto.documents.page import Page
from recto.documents.transcript import Line, Transcript
from recto.errors import SettingsError
from recto.settings import PrivacySettings
from recto.workspace.folder import Workspace
from recto.workspace.tables import SampleRow
from recto.workspace.utc import now

Redactor = Callable[[str], str]
"""A text → the same without what mustn't be kept."""

WAITING_AT_MOST = 8
"""Samples that wait to be written hold whole pages in memory: further ones are passed over."""

_JPEG_QUALITY = 70
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reading:
    """A page with what was read on it, and for whom."""

    page: Page
    transcript: Transcript
    request_id: str
    scope: str


class Samples:
    """Keeps a share of what it is offered, in a thread of its own. `close` waits for the last one."""

    def __init__(
        self,
        workspace: Workspace,
        settings: PrivacySettings,
        *,
        draw: Callable[[], float] = random.random,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Raises SettingsError where the redactor of the settings can't be found."""
        self._workspace = workspace
        self._settings = settings
        self._redact = load_redactor(settings.redactor)
        self._draw = draw
        self._clock = clock
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="samples")
        self._waiting: set[Future[None]] = set()

    def offer(self, reading: Reading) -> None:
        """Keep it, if the settings and the dice say so; it is written later, and no error comes back."""
        if not self._settings.keep_samples or self._draw() >= self._settings.sample_share:
            return
        self._waiting = {future for future in self._waiting if not future.done()}
        if len(self._waiting) >= WAITING_AT_MOST:
            return
        future = self._writer.submit(self._keep, reading)
        future.add_done_callback(_tell)
        self._waiting.add(future)

    def purge(self) -> int:
        """Delete the samples whose days are over; how many there were."""
        return purge_samples(self._workspace, self._settings, self._clock())

    def close(self) -> None:
        """Write what is waiting, and take nothing more."""
        self._writer.shutdown()

    def _keep(self, reading: Reading) -> None:
        transcript = reading.transcript
        kept = self._redact(transcript.text)
        row = SampleRow(
            at=self._clock(),
            request_id=reading.request_id,
            page=transcript.page,
            scope=reading.scope,
            engine=transcript.engine,
            release=transcript.release,
            text=kept,
            thumbnail=self._thumbnail(reading.page, hidden(transcript, kept, self._redact)),
        )
        with self._workspace.transaction() as session:
            session.add(row)

    def _thumbnail(self, page: Page, secret: list[Line]) -> bytes:
        image = PillowImage.fromarray(page.image)
        pen = ImageDraw.Draw(image)
        for line in secret:
            pen.rectangle(line.box, fill="black")
        image.thumbnail((self._settings.thumbnail_px, self._settings.thumbnail_px))
        stream = io.BytesIO()
        image.save(stream, "JPEG", quality=_JPEG_QUALITY)
        return stream.getvalue()


def purge_samples(workspace: Workspace, settings: PrivacySettings, moment: datetime) -> int:
    """Delete the samples that are older than `sample_days`; how many there were."""
    oldest = moment - timedelta(days=settings.sample_days)
    with workspace.transaction() as session:
        if session.get_bind().dialect.name == "sqlite":
            session.execute(text("PRAGMA secure_delete = ON"))  # else the bytes stay in the file
        deleted = session.execute(delete(SampleRow).where(SampleRow.at < oldest).returning(SampleRow.id))
        return len(deleted.all())


def load_redactor(name: str) -> Redactor:
    """The function that `name` ("module:function") means; "" is none. Raises SettingsError."""
    if not name:
        return lambda text: text
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(
            f"{name!r} can't be loaded ({error})",
            where="privacy.redactor",
            hint='"module:function", which `python -c "import module"` finds',
        ) from None
    if not callable(found):
        raise SettingsError(f"{name!r} is no function", where="privacy.redactor")
    return cast(Redactor, found)


def hidden(transcript: Transcript, kept: str, redact: Redactor) -> list[Line]:
    """The lines of which something was taken out; all of them where single lines don't explain all of it."""
    secret = [line for line in transcript.lines if redact(line.text) != line.text]
    explained = transcript.text
    for line in secret:
        explained = explained.replace(line.text, redact(line.text))
    return secret if explained == kept else list(transcript.lines)


def _tell(done: Future[None]) -> None:
    error = done.exception()
    if error is not None:  # its words could be the document's
        _log.warning("a sample wasn't kept", extra={"error": type(error).__name__})
