"""Bodies that are JSON: they come in time, and are mostly text.

Parsing JSON holds up everything else in the process, for as long as there are values in it; a text is one
value, however long. So what isn't text in a body is bounded. How large it may be in all is in `envelope`.
"""

import asyncio
import re

from fastapi import Request

from recto.errors import DeadlineExpired, RequestRefused

MOST_BYTES = 200_000
"""Of a body without its texts: numbers, brackets, and the quotation marks of each text."""

_TEXT = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)


async def json_body(request: Request, timeout_s: float) -> bytes:
    """The body, which isn't parsed yet. Raises DeadlineExpired, DocumentTooLarge, RequestRefused."""
    try:
        async with asyncio.timeout(timeout_s):
            body = await request.body()
    except TimeoutError:
        raise DeadlineExpired("the request's body came too slowly", hint="try again") from None
    await asyncio.to_thread(check_values, body)
    return body


def check_values(body: bytes) -> None:
    """Raises RequestRefused for a body of too many values; in the time of one look at each of its bytes."""
    if len(body) > MOST_BYTES and len(_TEXT.sub(b'""', body)) > MOST_BYTES:
        raise RequestRefused(
            "the JSON holds too many values",
            hint=f"all but its texts may have {MOST_BYTES // 1000} kB: send several requests",
        )
