"""Intake: a document that comes over HTTP is read, kept in the workspace, and waits there for a person.

It is opened in the decoders' processes, as every stranger's document. One that is there already is only told.
"""

import asyncio
import hashlib
from asyncio import to_thread
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from recto.corrections.place import Sight, is_hidden
from recto.corrections.readings import Readings, keep_readings
from recto.datasets.corpus import Glimpse, add_opened, glimpse_of, shares_of
from recto.datasets.example import Example
from recto.datasets.naming import category_from_name
from recto.datasets.pages import content_hash
from recto.documents.page import Page
from recto.documents.transcript import Transcript
from recto.engines.reading import PageFailure
from recto.errors import (
    DatasetError,
    DeadlineExpired,
    DocumentError,
    DocumentTooLarge,
    NotAllowed,
    RequestRefused,
    ServingError,
)
from recto.extraction.fields import ExtractionJson
from recto.serving.extracting.asking import fields_of_pages
from recto.serving.flow import PageReading
from recto.serving.service import Asking, Service, Upload, Watch
from recto.workspace.folder import Workspace

Fate = Literal["queued", "known"]


@dataclass(frozen=True, slots=True)
class Filing:
    """How a document is filed, and whether it is read `now`, or later by `recto loop`."""

    category: str | None = None
    business: str | None = None
    group: str | None = None
    now: bool = True


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a document: kept and waiting (`queued`), or `known` before; nothing more was done then.

    `fields_problem` says why its fields weren't looked for, if they should have been.
    """

    sha256: str
    fate: Fate
    pages_read: int
    pages_failed: int
    fields_problem: str | None


async def take_in(
    service: Service, workspace: Workspace, upload: Upload, asking: Asking, filing: Filing
) -> Taken:
    """Read and keep a document for a request that was `accepted`.

    Raises DocumentErrors where no page can be opened or read, and what `Service.read` raises; RequestRefused
    for a document that was withdrawn; NotAllowed where who sends it doesn't see it afterwards.
    """
    sight = asking.caller.sight(service.settings.review.closed)
    await to_thread(_check_sight, workspace, upload, filing, sight)
    glimpses: dict[int, Glimpse] = {}

    def watch(page: Page) -> None:
        glimpses[page.number] = glimpse_of(page)

    readings: Sequence[PageReading]
    if filing.now:
        readings = (await service.read(upload, asking, watch)).pages
        page_count = len(readings)
    else:
        page_count, readings = await _opened(service, upload, asking, watch)
    every = [glimpses.get(number, Glimpse(number)) for number in range(1, page_count + 1)]
    category = filing.category or category_from_name(upload.name)
    schema = service.settings.review.schemas.get(category)
    found, fields_problem = await _fields(service, asking, schema, (upload, readings))
    example = Example(
        upload.name,
        await to_thread(_bytes, upload),
        None,
        category,
        business=filing.business,
        group=filing.group,
        category_guessed=filing.category is None,
    )
    sha256, fate = await to_thread(_added, workspace, example, every)
    await to_thread(keep_readings, workspace, sha256, _readings(readings, found))
    read = sum(isinstance(page, Transcript) for page in readings)
    failed = sum(isinstance(page, PageFailure) for page in readings)
    return Taken(sha256, fate, read, failed, fields_problem)


def _check_sight(workspace: Workspace, upload: Upload, filing: Filing, sight: Sight) -> None:
    """A document that is there already isn't looked at anew, nor changed, by those it is closed to."""
    if not sight.sees(filing.business):
        raise NotAllowed(
            "documents of this business type aren't yours to see", hint="ask an admin, or name another one"
        )
    sha256 = hashlib.sha256(_bytes(upload)).hexdigest()
    with workspace.read() as session:
        if is_hidden(session, sha256, sight):
            raise NotAllowed(
                "this document is kept already, under a business type that isn't yours to see",
                hint="ask an admin",
            )


async def _opened(
    service: Service, upload: Upload, asking: Asking, watch: Watch
) -> tuple[int, Sequence[PageFailure]]:
    """How many pages there are, each shown to `watch`, and which can't be opened. Raises as `take_in`."""
    failures: list[PageFailure] = []
    try:
        async with (
            asyncio.timeout_at(asking.deadline),
            service.decoders.open(
                upload.source,
                name=upload.name,
                max_pages=service.settings.uploads.max_pages,
                tenant=asking.caller.tenant,
            ) as opened,
        ):
            for number in range(1, opened.page_count + 1):
                try:
                    page = await opened.page(number)
                except DocumentError as error:
                    failures.append(PageFailure(upload.name, number, error))
                else:
                    await to_thread(watch, page)
    except TimeoutError:
        raise DeadlineExpired("the document wasn't opened in time", hint="send fewer pages") from None
    if len(failures) == opened.page_count:
        raise failures[0].error
    return opened.page_count, failures


def _added(workspace: Workspace, example: Example, glimpses: Sequence[Glimpse]) -> tuple[str, Fate]:
    try:
        added = add_opened(workspace, example, glimpses, shares=shares_of(workspace.settings.split))
    except DatasetError as error:
        raise RequestRefused(error.what) from None
    return content_hash(example), "queued" if added.queued else "known"


async def _fields(
    service: Service, asking: Asking, schema: str | None, read: tuple[Upload, Sequence[PageReading]]
) -> tuple[ExtractionJson | None, str | None]:
    """The fields, or why there are none: the document is kept all the same."""
    upload, readings = read
    pages = [page for page in readings if isinstance(page, Transcript)]
    if schema is None or not pages:
        return None, None
    try:
        return await fields_of_pages(service, asking, schema, pages, upload), None
    except (ServingError, DocumentTooLarge) as error:
        return None, error.what


def _readings(readings: Sequence[PageReading], found: ExtractionJson | None) -> Readings:
    return Readings(
        {page.page: page for page in readings if isinstance(page, Transcript)},
        {page.page or 1: page.error.what for page in readings if isinstance(page, PageFailure)},
        cast(dict[str, object] | None, found),
    )


def _bytes(upload: Upload) -> bytes:
    source = upload.source
    if isinstance(source, bytes):
        return source
    if isinstance(source, Path):
        return source.read_bytes()
    source.seek(0)
    return source.read()
