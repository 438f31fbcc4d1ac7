"""Files that stand in a request as base64 text: they become bytes here, and nobody waits for that.

Decoding one piece of text holds up everything else in the process, in whichever thread it happens. So it is
done in small pieces, with room for others between two of them. How large a request with such files may be is
in `envelope`.
"""

import binascii
from base64 import b64decode

PIECE = 1 << 18
"""Characters that are decoded at once, which takes less than a millisecond; four of them are three bytes."""


def decoded(text: str, piece: int = PIECE) -> bytes:
    """The bytes; for a thread. `piece` is a multiple of 4. Raises ValueError for what isn't base64."""
    parts: list[bytes] = []
    for start in range(0, len(text), piece):
        if start and text[start - 1] == "=":
            raise binascii.Error("something follows after the end")
        parts.append(b64decode(text[start : start + piece], validate=True))
    return b"".join(parts)
