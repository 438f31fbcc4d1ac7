"""Finding: the fields of a job's documents, each once all of its pages are there, and each stored once.

What interrupts it before they are stored has them found again. It waits for its turn for as long as it takes,
behind the requests of others; what a schema or a document does to the process that looks is the document's
own problem.
"""

import asyncio
from dataclasses import dataclass

from recto.errors import DeadlineExpired, DocumentError, PageGivenUp, RequestRefused
from recto.serving.answers import PageJson
from recto.serving.decoding.pool import Decoders
from recto.serving.extracting.asker import Look, Turn
from recto.serving.extracting.finder import Finder
from recto.serving.jobs import field_rows
from recto.serving.jobs.field_rows import FieldsResult, ReadBy
from recto.serving.jobs.files import file_of
from recto.serving.jobs.job import Job
from recto.serving.problems import problem_of
from recto.workspace.folder import Workspace

_REFUSALS = (RequestRefused, DocumentError, DeadlineExpired)
"""The document's, or the schema's; what else goes wrong isn't, and may pass."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Finds fields of documents of `workspace`; of jobs that ask for none, nothing.

    `decoders` open documents again for models that see their pages.
    """

    workspace: Workspace
    finder: Finder
    decoders: Decoders

    async def there(self, job: Job) -> int:
        """Of how many of its first documents the fields are stored; of all where none are asked for."""
        if "schema" not in job.wish:
            return len(job.documents)
        return await asyncio.to_thread(field_rows.fields_there, self.workspace, job.id)

    async def find(self, job: Job, place: int, numbers: range) -> None:
        """Find and store those of document `place` (from 0), whose pages have these `numbers` in the job.

        Raises what is the fault of neither the document nor the schema.
        """
        await self._keep(job, await self._found(job, place + 1, numbers))

    async def give_up(self, job: Job, place: int) -> None:
        """Store that those of this document aren't looked for any more: the service stopped at them."""
        error = PageGivenUp(
            f"the service stopped {job.lost} times while it looked for the fields of this document",
            hint="send it alone, or fewer of its pages",
        )
        await self._keep(job, (place + 1, None, problem_of(error)))

    async def _keep(self, job: Job, result: FieldsResult) -> None:
        await asyncio.to_thread(field_rows.keep_fields, self.workspace, job.id, result)

    async def _found(self, job: Job, document: int, numbers: range) -> FieldsResult:
        most = self.finder.settings.max_lines
        pages = await asyncio.to_thread(field_rows.pages_of, self.workspace, job.id, numbers, most)
        said = [page for _, page, _ in pages if page is not None]
        failed: list[PageJson] = [
            {"page": number - numbers.start + 1, "problem": told} for number, _, told in pages if told
        ]
        if not said:
            return document, None, failed[0]["problem"]
        try:
            found = await self.finder.of_pages(
                job.wish["schema"], said, Turn(job.waits_as), self._look(job, document)
            )
        except _REFUSALS as error:
            return document, None, problem_of(error)
        who: ReadBy = {"release": said[0]["release"], "engine": said[0]["engine"], "failed_pages": failed}
        return document, {**found, **who}, None

    def _look(self, job: Job, document: int) -> Look:
        """Opens document number `document` of the job, from 1."""
        source, name = file_of(self.workspace, job.id, document - 1), job.documents[document - 1]["name"]
        most = max(job.page_count or 1, 1)
        return lambda: self.decoders.open(source, name=name, max_pages=most, tenant=job.waits_as)
