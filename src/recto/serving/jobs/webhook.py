"""Webhooks: who gave an address with a job is told there when it has ended, signed with the job's secret.

Only hosts that the settings name are told, and no redirect is followed. When to try again is in `telling`.
"""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from recto import __version__
from recto.errors import RequestRefused
from recto.serving.jobs.job import Job, job_json

SIGNATURE = "X-Recto-Signature"
TIMESTAMP = "X-Recto-Timestamp"
TOLD = "told"
_FIRST_PAUSE_S = 2
_LONGEST_PAUSE_S = 3600


def check_webhook(url: str, hosts: Sequence[str]) -> None:
    """Raise RequestRefused for an address that may not be told; a host in `hosts` may name its port."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
        raise RequestRefused("the webhook isn't an http or https address", hint="https://host/path")
    wanted = host if port is None else f"{host}:{port}"
    if wanted.lower() not in {name.lower() for name in hosts}:
        raise RequestRefused(
            f"webhooks to {wanted} aren't allowed here", hint="the service names hosts in jobs.webhook_hosts"
        )


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """`sha256=…`: the HMAC of `timestamp.body` under the job's secret, in hex."""
    digest = hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


async def tell(job: Job, timeout_s: float) -> str:
    """Tell the webhook once, in `timeout_s` at most: TOLD, or why it doesn't know yet."""
    assert job.webhook is not None
    body = json.dumps({"event": f"job.{job.state}", "job": job_json(job)}, ensure_ascii=False).encode()
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"recto/{__version__}",
        TIMESTAMP: timestamp,
        SIGNATURE: signature(job.wish.get("secret", ""), timestamp, body),
    }
    try:
        async with (
            asyncio.timeout(timeout_s),
            httpx.AsyncClient(timeout=timeout_s) as client,
            client.stream("POST", job.webhook, content=body, headers=headers) as answer,
        ):  # what it answers is of no interest: only how that begins is awaited
            return TOLD if answer.is_success else f"it answered {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return f"it can't be reached ({type(error).__name__})"


def pause_s(attempt: int) -> int:
    """How long to wait after attempt `attempt` (from 1): longer and longer, an hour at most."""
    return min(_FIRST_PAUSE_S << 2 * (attempt - 1), _LONGEST_PAUSE_S)
