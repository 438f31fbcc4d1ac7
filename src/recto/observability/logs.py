"""Logs: one line per event through the standard library's logging, as JSON or as text.

What a line may hold is a closed list of fields (FIELDS, docs/observability.md): what isn't in it is left out,
so that no text of a document gets into a log by accident. For the same reason an exception is told by its
type and place, and in words only where they are ours (RectoError), and of what other libraries tell only the
first words stand, up to anything that could be a path or a value. Nothing is sent anywhere.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from traceback import walk_tb
from types import MappingProxyType, TracebackType
from typing import Literal, TextIO

from recto.errors import RectoError
from recto.observability.spans import current_ids

Fact = str | int | float | bool | None
Style = Literal["json", "text"]

FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "time": "when, UTC, ISO 8601 to the millisecond",
        "level": "debug, info, warning or error",
        "logger": "the module that tells it",
        "event": "what happened, in a few fixed words",
        "request_id": "the request that it belongs to; the answer's X-Request-ID",
        "job_id": "the job that it belongs to",
        "trace_id": "the trace that it belongs to, where spans are exported",
        "span_id": "the span of that trace",
        "tenant": "who asked: the name of the key, or `local`",
        "method": "GET, POST, …; or `other`",
        "route": "the route as the API declares it, never the path that was sent",
        "status": "the HTTP status of the answer",
        "seconds": "how long it took",
        "agent": "the agent profile that was asked for",
        "scope": "the business type whose model reads, or `general`; `fields:SCHEMA` for what finds fields",
        "release": "the number of the Release that reads; none is the base model",
        "engine": "the engine, name and version",
        "pages": "how many pages",
        "page": "the number of one page, from 1",
        "after_s": "how long a process was let work before it was killed, or an engine before it was late",
        "exit_code": "how a process ended that died",
        "attempt": "the number of the attempt, from 1",
        "error": "the type of what went wrong",
        "reason": "what went wrong, in recto's words",
        "trace": "where it went wrong: file, line and function of each call, innermost last",
    }
)
"""Every field of a log line, and what it holds."""

_OWN = ("time", "level", "logger", "event", "trace_id", "span_id", "trace")
_SAID = tuple(name for name in FIELDS if name not in _OWN)
_NAME = "recto"
_FOREIGN_LENGTH = 80
_NOT_WORDS = re.compile(r"[\n\r]|:\s|\S*?(?:[^\w\s.,:%-]|:\S|\.\w|\d{9})")
"""Where the words of a library end, and a path, a name or a value may begin."""

_bound: ContextVar[Mapping[str, Fact]] = ContextVar("recto_log_fields", default=MappingProxyType({}))


def configure(level: str, style: Style, stream: TextIO | None = None) -> None:
    """Write lines of `level` and above to `stream` (standard error if none), in place of an earlier call's.

    Of other libraries only warnings are told, at any level: what they say below that may quote requests.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.set_name(_NAME)
    handler.setFormatter(JsonLines() if style == "json" else TextLines())
    root = logging.getLogger()
    for earlier in [h for h in root.handlers if h.get_name() == _NAME]:
        root.removeHandler(earlier)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in ("recto", "uvicorn"):
        logging.getLogger(name).setLevel(level.upper())


def keep(**fields: Fact) -> None:
    """As `bind`, until the task ends: for what is told of a request after all its blocks are left."""
    _bound.set({**_bound.get(), **fields})


@contextmanager
def bind(**fields: Fact) -> Iterator[None]:
    """`with bind(request_id=…):` every line that is told in the block, and in its tasks, has these fields."""
    token = _bound.set({**_bound.get(), **fields})
    try:
        yield
    finally:
        _bound.reset(token)


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The fields that are set, in the order of FIELDS."""
        return json.dumps(fields_of(record), ensure_ascii=False, default=str)


class TextLines(logging.Formatter):
    """A record as one line for people."""

    def format(self, record: logging.LogRecord) -> str:
        """`2026-11-25T10:00:00.000Z info read status=200 seconds=0.4`."""
        told = dict(fields_of(record))
        head = " ".join(str(told.pop(name)) for name in ("time", "level", "event"))
        rest = (f"{name}={_in_text(value)}" for name, value in told.items())
        return " ".join([*head.splitlines(), *rest])


def fields_of(record: logging.LogRecord) -> Mapping[str, object]:
    """What a line tells of `record`: its own `extra` stands above what was bound."""
    at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    ours = record.name.partition(".")[0] == _NAME
    said = {**_bound.get(), **(record.__dict__ if ours else {})}
    found: dict[str, object] = {
        "time": at.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "event": record.getMessage() if ours else _words(record),
        **{name: said[name] for name in _SAID if said.get(name) is not None},
        **current_ids(),
    }
    error = record.exc_info[1] if record.exc_info else None
    return found if error is None else found | _told(error)


def _words(record: logging.LogRecord) -> str:
    """The first words of another library's line; what it fills in isn't told, but for numbers."""
    text = str(record.msg)
    if isinstance(record.args, tuple) and record.args:
        text = re.sub(r"%[-#0 +.\d]*[a-zA-Z]", "{}", text)
        for value in record.args:
            text = text.replace("{}", str(value) if isinstance(value, int | float) else "…", 1)
    error = record.exc_info[1] if record.exc_info else None
    if error is not None and str(error):
        text = text.partition(str(error))[0]
    head = _NOT_WORDS.split(text.lstrip(), maxsplit=1)[0].strip()
    return head[:_FOREIGN_LENGTH] or "a library tells something"


def _told(error: BaseException) -> dict[str, object]:
    """An exception without its own words, unless they are ours."""
    told: dict[str, object] = {"error": type(error).__name__}
    if isinstance(error, RectoError):
        told["reason"] = error.what
    return told | {"trace": _places(error.__traceback__)}


def _places(traceback: TracebackType | None) -> list[str]:
    return [
        f"{Path(frame.f_code.co_filename).name}:{line} {frame.f_code.co_name}"
        for frame, line in walk_tb(traceback)
    ]


def _in_text(value: object) -> str:
    text = " < ".join(reversed(value)) if isinstance(value, list) else str(value)
    return json.dumps(text, ensure_ascii=False) if {*text} & {*' "=\n\r'} else text
