"""The tables of a workspace's one database, for SQLite and PostgreSQL alike. Queries live with their nouns.

Times are UTC. JSON columns hold plain JSON values. Changing a table here needs a migration in `migrations/`.
"""

from datetime import date, datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, false, true
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from recto.workspace.utc import Utc

GENERAL = "general"
"""The scope that serves every business type without a loop of its own."""


class Table(DeclarativeBase):
    """What all tables share: their metadata."""

    type_annotation_map = {datetime: Utc}  # noqa: RUF012  SQLAlchemy reads it as a class attribute


class DocumentRow(Table):
    """One page (or one-page document) in the workspace; its bytes are the blob `sha256`.

    `text` is trusted, or None while the document waits in the review queue (`state` "queued", or "failed"
    with the reason in `problem`); `reading` is then what an Engine read. `facts` holds what else an
    annotation said: lines, fields, case, language, text_unverified and unknown keys. `print` is the page's
    perceptual hash. `used_at` is when a snapshot first held the page: from then on it may have been learnt
    from. `split` "aside" is for pages that were learnt from and then turned out to be kin of test documents.
    `corrected_at` is when a person last gave the text; no file replaces it after that. `train_allowed` is
    whether models may see the page, and `state` "withdrawn" says that nothing of it is kept any more.
    `extraction` holds the fields that were found in the document, on its first page; `doubt` what the review
    queue makes of the reading, None until it has looked.
    """

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("sha256", "page"), Index("documents_of_split", "split", "business"))

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64))
    page: Mapped[int] = mapped_column(default=0)  # 0: the annotation named none
    name: Mapped[str] = mapped_column(index=True)
    category: Mapped[str]
    business: Mapped[str | None]
    group: Mapped[str | None] = mapped_column(index=True)
    split: Mapped[str]  # train | val | test | aside
    state: Mapped[str]  # trusted | queued | failed | withdrawn
    text: Mapped[str | None]
    facts: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    reading: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    problem: Mapped[str | None]
    print: Mapped[str | None] = mapped_column(String(64))
    added_at: Mapped[datetime]
    trusted_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    corrected_at: Mapped[datetime | None]
    train_allowed: Mapped[bool] = mapped_column(default=True, server_default=true())
    extraction: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    doubt: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))


class PlacementRow(Table):
    """Which split a key belongs to, for ever: `document SHA256` or `group NAME`.

    A row changes only towards the stricter (train → val → test), when its kin turn out to stand there.
    """

    __tablename__ = "placements"

    key: Mapped[str] = mapped_column(primary_key=True)
    split: Mapped[str]
    since: Mapped[datetime]


class KinshipRow(Table):
    """Two documents (by hash, `one` < `other`) that look alike, and how much."""

    __tablename__ = "kinships"

    one: Mapped[str] = mapped_column(String(64), primary_key=True)
    other: Mapped[str] = mapped_column(String(64), primary_key=True, index=True)
    likeness: Mapped[float]


class ReleaseRow(Table):
    """One immutable Release; its files are `releases/NNNN/`, and `content_sha256` covers all of them."""

    __tablename__ = "releases"

    number: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime]
    engine: Mapped[str]
    content_sha256: Mapped[str] = mapped_column(String(64))
    data_fingerprint: Mapped[str]
    recipe_sha256: Mapped[str]
    code_version: Mapped[str]
    base_sha256: Mapped[str]
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycles.id"))
    metrics: Mapped[dict[str, object]] = mapped_column(JSON)


class CurrentRow(Table):
    """The Release that is current for a scope. Promotion and rollback change this one row."""

    __tablename__ = "current_releases"

    scope: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("releases.number"))
    since: Mapped[datetime]


class PromotionRow(Table):
    """The history of `current_releases`. Where `number` or `previous` is None, the scope had no Release."""

    __tablename__ = "promotions"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(index=True)
    number: Mapped[int | None] = mapped_column(ForeignKey("releases.number"))
    previous: Mapped[int | None]
    kind: Mapped[str]  # promote | rollback
    reason: Mapped[str]
    at: Mapped[datetime]


class CycleRow(Table):
    """One turn of the loop, from its reasons to its end; `state` says how far it came.

    running | released | refused | failed | interrupted. `before` and `after` are metrics of the frozen test
    documents under the current Release (or the base) and under the candidate.
    """

    __tablename__ = "cycles"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(index=True)
    state: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    reasons: Mapped[list[str]] = mapped_column(JSON)
    data_fingerprint: Mapped[str]
    documents: Mapped[dict[str, object]] = mapped_column(JSON)  # counts by split, and the mix
    recipe: Mapped[dict[str, object]] = mapped_column(JSON)
    run_folder: Mapped[str]  # relative to the workspace
    before: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    seconds: Mapped[float | None]
    peak_memory_mb: Mapped[float | None]
    cost: Mapped[float | None]  # in the currency of recto.toml
    outcome: Mapped[str | None]  # plain words: why it was released, refused, or failed


class VerdictRow(Table):
    """What one gate said of a Cycle's candidate."""

    __tablename__ = "verdicts"

    id: Mapped[int] = mapped_column(primary_key=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycles.id"), index=True)
    gate: Mapped[str]
    passed: Mapped[bool]
    reason: Mapped[str]
    at: Mapped[datetime]


class RequestRow(Table):
    """A wish for a Cycle, written by a person or a service and claimed by the loop.

    `recipe` has the settings of the training that were asked for, by name; those that it doesn't name are the
    defaults of the recto that runs the Cycle. None means the recipe of the settings at that time.
    """

    __tablename__ = "requests"

    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    reason: Mapped[str]
    at: Mapped[datetime]
    cycle_id: Mapped[int | None] = mapped_column(ForeignKey("cycles.id"))
    recipe: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    test_mode: Mapped[bool] = mapped_column(default=False, server_default=false())


class ApiKeyRow(Table):
    """A key of the reading service: `sha256` is of the whole key, which nobody keeps, `prefix` its beginning.

    Keys of one `tenant` share their jobs and their turn in the queue. Limits that are None are those of
    recto.toml. A row stays when its key is revoked: from the first key on, nobody gets in without one.
    """

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(index=True)  # of one key that isn't revoked
    tenant: Mapped[str]
    prefix: Mapped[str]
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    businesses: Mapped[list[str]] = mapped_column(JSON)  # empty: all
    requests_per_minute: Mapped[int | None]
    pages_per_day: Mapped[int | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class UsageRow(Table):
    """How many pages a key has had read on a day (UTC)."""

    __tablename__ = "usage"

    key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    pages: Mapped[int]


class JobRow(Table):
    """Documents that are read in the background; `state` is queued, running, done, failed or cancelled.

    `id` is a random UUID in hex. `cancelled` is the wish of its owner, `state` says when it has come true.
    Whoever works on it (`claimed_by`) says so again and again in `claimed_until`: a claim that has run out is
    a worker that died, and of a job that is put off, nobody has it until then. `attempts` counts the claims
    since its last page was stored, `lost` those that ran out since then. `options` holds what was asked for,
    and each document with its name, hash and pages. `webhook_outcome` is None until its webhook was told, or
    given up; `webhook_attempts` were begun, and `webhook_due` is when the next one may.
    """

    __tablename__ = "jobs"
    __table_args__ = (Index("jobs_of_state", "state", "created_at"), Index("jobs_of_tenant", "tenant"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))
    tenant: Mapped[str]
    state: Mapped[str]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    problem: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    webhook: Mapped[str | None]
    webhook_outcome: Mapped[str | None]
    options: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    cancelled: Mapped[bool] = mapped_column(default=False, server_default=false())
    claimed_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None] = mapped_column(String(32))
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    lost: Mapped[int] = mapped_column(default=0, server_default="0")
    webhook_attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    webhook_due: Mapped[datetime | None]


class JobPageRow(Table):
    """A page of a job, counted from 1 over all its documents, once it is read: its Transcript, or why not."""

    __tablename__ = "job_pages"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    page: Mapped[int] = mapped_column(primary_key=True)
    transcript: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    problem: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))


class JobFieldsRow(Table):
    """The fields of one document of a job (from 1), once its pages are there, or why there are none."""

    __tablename__ = "job_fields"

    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True)
    document: Mapped[int] = mapped_column(primary_key=True)
    extraction: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))
    problem: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))


class SampleRow(Table):
    """A page that was kept for an audit, as the settings wish: a thumbnail (JPEG) and the redacted text."""

    __tablename__ = "samples"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    request_id: Mapped[str]
    page: Mapped[int]
    scope: Mapped[str]
    engine: Mapped[str]
    release: Mapped[str | None]
    text: Mapped[str]
    thumbnail: Mapped[bytes]


class AccessRow(Table):
    """Who asked for what, and how it ended; nothing of any content."""

    __tablename__ = "accesses"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    request_id: Mapped[str]
    tenant: Mapped[str]
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_keys.id"))
    action: Mapped[str]  # the route, "POST /v1/read", or the tool
    status: Mapped[int]  # as HTTP counts it
    pages: Mapped[int]
