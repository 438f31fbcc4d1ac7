"""/v1/jobs: long documents and batches, read in the background; their pages are fetched as they come."""

import asyncio
import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from recto.documents.transcript import transcript_from_json
from recto.errors import RequestRefused
from recto.serving.answers import PageModel, RouteModel, page_json, route_json
from recto.serving.extracting.asker import Turn
from recto.serving.extracting.wanted import SchemaFrom, chosen
from recto.serving.jobs.field_rows import FieldsResult
from recto.serving.jobs.job import Job, NewJob, Wish, job_json
from recto.serving.jobs.jobs import Jobs
from recto.serving.jobs.store import PageResult
from recto.serving.jobs.webhook import check_webhook
from recto.serving.keys import Caller
from recto.serving.problems import Problem
from recto.serving.routes.asking import JobOwner, service_of
from recto.serving.routes.described import problems
from recto.serving.routes.fields_described import FieldsModel
from recto.serving.routes.forms import Form, ReadFields, body_schema, received
from recto.serving.routes.schema_field import SCHEMA_BYTES, SCHEMA_SAYS, SchemaText, wanted_in
from recto.serving.service import Service
from recto.settings.serving import Output

router = APIRouter(tags=["jobs"])

JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="as POST /v1/jobs gave it")]


class JobFields(ReadFields):
    """As for any reading, what is wanted of the documents, and whom to tell of the end."""

    longest_bytes = SCHEMA_BYTES
    schema_: SchemaText = Field(default=None, alias="schema", description=f"{SCHEMA_SAYS}, as a text")
    webhook: str | None = Field(
        default=None, max_length=2000, description="an address that is told when the job has ended"
    )


class JobDocumentModel(BaseModel):
    """One document of a job."""

    name: str
    sha256: str
    page_count: int | None = Field(description="known once it was opened")


class JobModel(BaseModel):
    """A job as it stands now."""

    id: str = Field(examples=["5f0c9f9a1d5c4f6e8a7b3c2d1e0f9a8b"])
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    documents: list[JobDocumentModel]
    page_count: int | None = Field(description="of all documents; known once each was opened")
    pages_read: int
    pages_failed: int
    output: Output
    route: RouteModel | None = Field(description="who reads it, or would if it began now, and why")
    schema_: str | None = Field(
        alias="schema", description='whose fields are looked for; "own" for one that was sent'
    )
    schema_from: SchemaFrom | None = Field(description="who said so: the request, or its agent's profile")
    created_at: str
    started_at: str | None
    ended_at: str | None
    problem: Problem | None = Field(description="why it failed, or ended before all was read")
    webhook: str | None
    webhook_outcome: str | None = Field(description="told, or why it couldn't be")


class NewJobModel(JobModel):
    """A job that was accepted."""

    webhook_secret: str | None = Field(default=None, description="signs what the webhook is told; shown once")


class JobPageModel(PageModel):
    """A page of a job: `number` counts over all its documents, `page` within `document`."""

    number: int = Field(ge=1)
    document: str
    release: str | None = Field(default=None, description="the Release that read; null: the base model")


class JobPagesModel(BaseModel):
    """Pages of a job; `next` is the `after` of those that come then, null at the end."""

    pages: list[JobPageModel]
    next: int | None


class JobDocumentFieldsModel(FieldsModel):
    """The fields of document `number` of a job."""

    number: int = Field(ge=1)
    document: str
    release: str | None = Field(description="the Release that read its first page; null: the base model")
    engine: str


class JobDocumentProblemModel(BaseModel):
    """A document of a job whose fields couldn't be found."""

    number: int = Field(ge=1)
    document: str
    problem: Problem


class JobFieldsModel(BaseModel):
    """Fields of a job's documents; `next` is the `after` of those that come then, null at the end."""

    documents: list[JobDocumentFieldsModel | JobDocumentProblemModel]
    next: int | None


def jobs_of(request: Request, caller: JobOwner) -> Jobs:
    """The jobs of the service; it must have a workspace, and not be about to stop."""
    jobs = service_of(request).jobs
    if jobs is None:
        raise RequestRefused("this service has no workspace, and so no jobs", hint="use POST /v1/read")
    return jobs


JobsHere = Annotated[Jobs, Depends(jobs_of)]


@router.post(
    "/v1/jobs",
    status_code=202,
    response_model=None,
    responses={202: {"model": NewJobModel, "description": "accepted"}, **problems(413, 415, 504)},
    openapi_extra=body_schema(JobFields, several=True),
)
async def add(request: Request, caller: JobOwner, jobs: JobsHere) -> JSONResponse:
    """Have documents read in the background; what can be read now (its form, its address) is checked now."""
    service = service_of(request)
    service.check_open()
    await jobs.check_room(caller.tenant)  # before anything is received; and again once all has come
    most, timeout_s = service.settings.uploads.max_job_files, service.settings.serving.request_timeout_s
    async with received(request, JobFields, max_files=most, timeout_s=timeout_s) as form:
        new = await _new_job(service, caller, form)
        job = await jobs.add(new, [file.file for file in form.files])
    told = {**job_json(job), "webhook_secret": new.wish.get("secret")}
    return JSONResponse(told, 202, headers={"Location": f"/v1/jobs/{job.id}"})


@router.get("/v1/jobs/{job_id}", response_model=None, responses={200: {"model": JobModel}, **problems(404)})
async def show(job_id: JobId, caller: JobOwner, jobs: JobsHere) -> JSONResponse:
    """How far a job has come."""
    return JSONResponse(job_json(await jobs.job(job_id, caller.tenant)))


@router.delete(
    "/v1/jobs/{job_id}", response_model=None, responses={200: {"model": JobModel}, **problems(404)}
)
async def cancel(job_id: JobId, caller: JobOwner, jobs: JobsHere) -> JSONResponse:
    """Cancel a job; the pages that were read stay. One that has ended stays as it is."""
    return JSONResponse(job_json(await jobs.cancel(job_id, caller.tenant)))


@router.get(
    "/v1/jobs/{job_id}/pages",
    response_model=None,
    responses={200: {"model": JobPagesModel}, **problems(404)},
)
async def pages(
    job_id: JobId,
    caller: JobOwner,
    jobs: JobsHere,
    after: Annotated[int, Query(ge=0, le=1_000_000_000, description="the last page you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Response:
    """The pages of a job that are there, a few at a time, also while it runs."""
    job = await jobs.job(job_id, caller.tenant)
    results = await jobs.pages(job_id, after, limit)
    last = results[-1][0] if results else after
    more = not job.ended or last < job.pages_read + job.pages_failed
    told = [_page(job, result) for result in results]
    return JSONResponse({"pages": told, "next": last if more else None})


@router.get(
    "/v1/jobs/{job_id}/fields",
    response_model=None,
    responses={200: {"model": JobFieldsModel}, **problems(404)},
)
async def fields(
    job_id: JobId,
    caller: JobOwner,
    jobs: JobsHere,
    after: Annotated[int, Query(ge=0, le=1_000_000_000, description="the last document you have")] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Response:
    """The fields of a job's documents that are read, a few at a time, also while it runs."""
    job = await jobs.job(job_id, caller.tenant)
    if job.schema_name is None:
        raise RequestRefused("no fields were looked for: this job has no schema", hint="send `schema`")
    results = await jobs.fields(job_id, after, limit + 1)
    told = [_fields(job, result) for result in results[:limit]]
    more = not job.ended or len(results) > limit
    last = results[:limit][-1][0] if results else after
    return JSONResponse({"documents": told, "next": last if more else None})


async def _new_job(service: Service, caller: Caller, form: Form[JobFields]) -> NewJob:
    fields = form.fields
    route = service.route(fields.route, caller)
    choice = chosen(wanted_in(fields.schema_), route.agent)
    wish: Wish = {
        "agent": fields.agent,
        "business": fields.business,
        "category": fields.category,
        "output": fields.output or (route.agent.output if route.agent else "pages"),
        "route": route_json(route, fields.agent),
    }
    if choice is not None:
        longest_s = service.settings.serving.request_timeout_s
        turn = Turn(caller.tenant, asyncio.get_running_loop().time() + longest_s)
        await service.finder.check(choice.schema, turn)
        wish["schema"], wish["schema_from"] = choice.schema, choice.said_by
    if fields.webhook is not None:
        check_webhook(fields.webhook, service.settings.jobs.webhook_hosts)
        wish["secret"] = secrets.token_urlsafe(32)
    names = tuple(upload.name for upload in form.uploads)
    return NewJob(caller.tenant, caller.key_id, names, wish, fields.webhook)


def _page(job: Job, result: PageResult) -> dict[str, object]:
    number, transcript, problem = result
    document, page = job.place_of(number)
    place = {"number": number, "document": document["name"]}
    if problem is not None or transcript is None:
        return {**place, "page": page, "problem": problem}
    told = page_json(transcript_from_json(transcript), job.wish["output"])
    return {**place, "release": transcript["release"], **told}


def _fields(job: Job, result: FieldsResult) -> dict[str, object]:
    number, found, problem = result
    place = {"number": number, "document": job.documents[number - 1]["name"]}
    return {**place, "problem": problem} if found is None else {**place, **found}
