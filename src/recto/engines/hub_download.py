"""One file of the Hub, fetched over HTTP into a part that grows: what is there already isn't fetched again.

Whether the bytes are right isn't known here: `engines/model_hub` compares hashes.
"""

import time
from pathlib import Path

from recto.engines.backoff import Backoff, retry_after_s
from recto.engines.model_keeping import Advance
from recto.engines.packages import needed_for_the_hub
from recto.errors import OutputError, PullFailed

with needed_for_the_hub():
    import httpx
    from huggingface_hub import get_session
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

_TIMEOUT_S = 30.0
_PARTIAL, _NO_SUCH_RANGE = 206, 416
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses that a later try may not meet."""


def fetch(url: str, part: Path, size_bytes: int, *, advance: Advance, backoff: Backoff) -> None:
    """Fetch what `part` lacks of the file at `url`; as long as some bytes come, it is tried again.

    Raises PullFailed when nothing comes any more, what huggingface_hub raises for a refusal, OutputError.
    """
    part.touch()
    advance(min(part.stat().st_size, size_bytes))
    failures = 0
    while (here := part.stat().st_size) < size_bytes:
        problem, asked_s = _attempt(url, part, advance)
        failures = failures + 1 if part.stat().st_size <= here else 1
        pause_s = backoff.pause_s(failures, asked_s) if problem else 0.0
        if pause_s is None:
            raise PullFailed(
                f"the connection fails again and again: {problem}",
                where=url,
                hint=f"the same command goes on: {part.stat().st_size:,} of {size_bytes:,} bytes are here",
            )
        time.sleep(pause_s)


def _attempt(url: str, part: Path, advance: Advance) -> tuple[str, float | None]:
    """One request for the rest: what went wrong ("": nothing), and the pause that the Hub asked for."""
    here = part.stat().st_size
    headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
    if here:
        headers["Range"] = f"bytes={here}-"
    try:
        with get_session().stream(
            "GET", url, headers=headers, timeout=_TIMEOUT_S, follow_redirects=True
        ) as response:
            if response.status_code in _PASSING:
                asked_s = retry_after_s(response.headers.get("Retry-After"))
                return f"the Hub answered {response.status_code}", asked_s
            if response.is_error:
                response.read()
                hf_raise_for_status(response)
            _append(response, part, advance)
    except httpx.TransportError as error:
        return str(error) or type(error).__name__, None
    return "", None


def _append(response: httpx.Response, part: Path, advance: Advance) -> None:
    """Write what comes behind what is there; from the start where the server doesn't know ranges."""
    try:
        with part.open("ab") as stream:
            if response.status_code != _PARTIAL and stream.tell():
                advance(-stream.tell())
                stream.truncate(0)
            for chunk in response.iter_bytes():
                stream.write(chunk)
                advance(len(chunk))
    except OSError as error:
        if isinstance(error, httpx.HTTPError):
            raise
        raise OutputError(
            f"can't be written: {error.strerror}",
            where=part,
            hint="make room; the same command goes on from there",
        ) from None
