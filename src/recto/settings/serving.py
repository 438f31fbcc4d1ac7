"""The tables of `recto.toml` that steer the reading service: every limit that a stranger can meet is here."""

import ipaddress
import json
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from recto.settings.table import Count, Days, PageTaskName, Seconds, SettingsTable, Share, Word

Output = Literal["pages", "text", "markdown"]
"""What an answer holds: whole Transcripts, their text, or Markdown."""

_Host = Annotated[str, Field(min_length=1, max_length=253)]
_Hosts = Annotated[tuple[_Host, ...], Field(strict=False)]


def url_or_empty(text: str) -> str:
    """`text`, if it is the URL of an HTTP server or empty. Raises ValueError, as pydantic wants it."""
    try:
        parts = urlsplit(text)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if text and not sound:
        raise ValueError("must be an http:// or https:// URL, or empty")
    return text


def network(text: str) -> str:
    """`text`, if it is an IP address, or a network of them. Raises ValueError."""
    ipaddress.ip_network(text)
    return text


def schema_or_empty(text: str) -> str:
    """`text`, if it is a schema's name, a JSON Schema as text, or empty. Raises ValueError."""
    try:
        if text.lstrip().startswith("{"):
            json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        raise ValueError("must be a schema's name or a JSON Schema, or empty") from None
    return text


def _no_json(constant: str) -> None:
    raise ValueError(constant)


_Networks = Annotated[tuple[Annotated[str, AfterValidator(network)], ...], Field(strict=False)]
_Url = Annotated[str, AfterValidator(url_or_empty)]
_Schema = Annotated[str, Field(max_length=65_536), AfterValidator(schema_or_empty)]
_Zero = Annotated[int, Field(ge=0, le=1_000_000_000)]
_MEGABYTE = 1_000_000


class ServingSettings(SettingsTable):
    """How `recto serve` listens, gathers pages into batches, and how much may wait."""

    host: _Host = Field(default="127.0.0.1", description="other addresses are listened on once a key exists")
    port: int = Field(default=8000, ge=0, le=65535, description="0 is any free one")
    engine: Word = Field(default="ppocr", description="reads where no Release is current")
    max_batch_size: Count = Field(default=8, description="pages that are read together at most")
    max_wait_ms: float = Field(
        default=5.0, ge=0, le=10_000, description="so long a batch waits for company while the engine is busy"
    )
    max_queue_pages: Count = Field(default=64, description="pages that may wait or be read; beyond it is 429")
    max_tenant_share: Share = Field(
        default=0.5, description="of these that one key may have alone; several have less each"
    )
    max_connections: int = Field(
        default=512, ge=1, le=100_000, description="at once; fewer where the system allows few open files"
    )
    max_address_share: Share = Field(
        default=0.5, description="of these that one address may have; not of this machine's own"
    )
    proxies: _Networks = Field(
        default=(), description="addresses or networks of your own proxies: they ask for everybody"
    )
    header_timeout_s: Seconds = Field(default=10.0, description="a request's header must have come by then")
    unread_timeout_s: Seconds = Field(default=30.0, description="who reads nothing for so long is hung up on")
    request_timeout_s: Seconds = Field(default=60.0, description="an answer that takes longer is given up")
    drain_timeout_s: Seconds = Field(default=30.0, description="so long a stop waits for what was accepted")
    hung_after_s: Seconds = Field(
        default=120.0, description="an engine that has a batch for longer hangs, unless it is always slow"
    )
    reload_every_s: Seconds = Field(default=1.0, description="how often a new current Release is looked for")


class UploadSettings(SettingsTable):
    """What is accepted from outside, and what decoding it may take."""

    max_upload_mb: Count = Field(default=50, description="megabytes of one request, all files together")
    max_inline_mb: Count = Field(
        default=20, description="of one request with files in base64: /mcp, /v1/chat/completions"
    )
    max_pixels: Count = Field(default=40_000_000, le=178_000_000, description="of one page")
    max_pages: Count = Field(default=50, description="of a document in POST /v1/read; longer ones are jobs")
    max_job_pages: Count = Field(default=10_000, description="of a document in a job")
    max_job_files: Count = Field(default=1000, description="documents of one job")
    dpi: float = Field(default=200.0, ge=10, le=600, description="at which PDF pages are rendered")
    decode_workers: int = Field(default=2, ge=1, le=64, description="processes that open strangers' files")
    decode_timeout_s: Seconds = Field(default=20.0, description="for one page; then the process is killed")
    decode_memory_mb: int = Field(default=2048, ge=512, description="address space of such a process")
    image_url_hosts: _Hosts = Field(
        default=(), description="hosts from which `image_url` may fetch; none: only data URLs"
    )
    image_url_timeout_s: Seconds = Field(default=10.0, description="for fetching one image")

    @property
    def max_upload_bytes(self) -> int:
        """`max_upload_mb` in bytes."""
        return self.max_upload_mb * _MEGABYTE

    @property
    def max_inline_bytes(self) -> int:
        """`max_inline_mb` in bytes."""
        return self.max_inline_mb * _MEGABYTE

    @property
    def decode_memory_bytes(self) -> int:
        """`decode_memory_mb` in bytes."""
        return self.decode_memory_mb * _MEGABYTE


class ExtractionSettings(SettingsTable):
    """Who finds fields in the service (POST /v1/extract, jobs, MCP), and what that may take."""

    extractor: Literal["tagger", "text", "remote", "vision"] = Field(
        default="tagger",
        description="where no Release finds a schema's fields: text is [text] model, vision [vlm] model, "
        "remote the server of [remote]",
    )
    max_lines: Count = Field(default=2000, description="of a document; in more no fields are looked for")
    workers: int = Field(
        default=2, ge=1, le=64, description="processes that look for fields; one is left for other keys"
    )
    timeout_s: Seconds = Field(default=20.0, description="for one document; then the process is killed")
    memory_mb: int = Field(default=2048, ge=512, description="address space of such a process")
    models: int = Field(
        default=1, ge=1, le=64, description="processes that ask language models; each loads its own"
    )
    model_queue: Count = Field(
        default=16, description="documents of requests that may wait for a language model; beyond it is 429"
    )
    model_timeout_s: Seconds = Field(
        default=120.0, description="for an answer of a language model; then its process is killed"
    )
    model_load_timeout_s: Seconds = Field(default=600.0, description="for loading one")

    @property
    def memory_bytes(self) -> int:
        """`memory_mb` in bytes."""
        return self.memory_mb * _MEGABYTE


class AccessSettings(SettingsTable):
    """Who may ask for how much. Keys are made by `recto keys add`; one of its own may say otherwise."""

    requests_per_minute: _Zero = Field(default=600, description="of one key; 0 is no limit")
    pages_per_day: _Zero = Field(default=0, description="of one key; 0 is no limit")


class JobSettings(SettingsTable):
    """Long work that is accepted at once and fetched later."""

    queue: str = Field(
        default="", description='"" is SQLite in jobs.db here; else "redis://…" or "postgresql+psycopg://…"'
    )
    max_waiting: Count = Field(default=1000, description="jobs that may wait; beyond it is 429")
    workers: int = Field(default=2, ge=1, le=64, description="jobs that are worked on at once")
    keep_days: Days = Field(default=7, description="after its end a job and its pages are deleted")
    webhook_hosts: _Hosts = Field(
        default=(), description="hosts that may be told when a job has ended; none: no webhooks"
    )
    webhook_timeout_s: Seconds = Field(default=10.0, description="for one attempt")
    webhook_attempts: Count = Field(default=5, description="with longer and longer pauses")


class ObservabilitySettings(SettingsTable):
    """What is told of the work. No log, span or metric ever holds the text of a document."""

    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="of the log")
    log_format: Literal["json", "text"] = Field(default="json", description="one line an event in any case")
    otlp_endpoint: _Url = Field(
        default="", description='where spans go by OTLP over HTTP: "http://localhost:4318"; "" is nowhere'
    )
    trace_share: Share = Field(default=1.0, description="of the requests that are traced")


class PrivacySettings(SettingsTable):
    """What is kept of strangers' documents: nothing, unless this says so."""

    keep_samples: bool = Field(default=False, description="keep a thumbnail and the text of some pages")
    sample_share: Share = Field(default=0.01, description="of the pages, if samples are kept")
    sample_days: Days = Field(default=30, description="then a sample is deleted")
    thumbnail_px: int = Field(default=256, ge=16, le=2048, description="the longer side of a thumbnail")
    redactor: str = Field(
        default="", description='"module:function", text -> text, put before a sample is kept; "" is none'
    )
    access_log: bool = Field(default=True, description="who asked for what, without its content")
    access_log_days: Days = Field(default=90, description="then its rows are deleted")


class AgentSettings(SettingsTable):
    """How one kind of agent is answered: which scope reads, what it is asked, and what the answer holds."""

    about: str = Field(default="", max_length=500, description="what this agent reads")
    scope: Word = Field(default="general", description="business type whose Release reads")
    task: PageTaskName | Literal[""] = Field(
        default="", description='for engines that know tasks: markdown, text, figure, …; "" is their own'
    )
    output: Output = Field(default="pages", description="pages, text or markdown")
    min_confidence: Share = Field(default=0.0, description="lines that are read less surely are left out")
    schema_: _Schema = Field(
        default="",
        alias="schema",
        description="fields that are looked for where a request names none: a name or a JSON Schema",
    )


DEFAULT_AGENTS: dict[str, AgentSettings] = {
    "qa": AgentSettings(about="screenshots and test validation", scope="saas", output="pages"),
    "support": AgentSettings(about="screenshots in tickets", scope="saas", output="text", min_confidence=0.6),
    "legal": AgentSettings(about="contracts and signatures", scope="legal", output="markdown"),
    "analyst": AgentSettings(about="charts and tables", scope="accounting", output="markdown"),
    "marketing": AgentSettings(about="ad creatives and copy", scope="content", output="text"),
}
