"""The program of a process that extracts: it reads orders from standard input and answers on standard output.

It opens no file but those of a current tagger's model folder, and no connection. Schemas of strangers are
read and used here, and nowhere else: a pattern or a nesting that never ends costs this process alone, which
is killed when it takes too long.
"""

import json
import resource
import signal
import sys
from functools import lru_cache
from pathlib import Path
from typing import cast

from recto.documents.transcript import transcript_from_json
from recto.errors import DocumentTooLarge, RectoError, SchemaError
from recto.extraction.loading import load_schema, schema_from_json
from recto.extraction.schema import BUILT_IN
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import open_tagger
from recto.extraction.texts import check_lines, check_rows, extract_text, transcripts_of_text
from recto.registry.extractors import tagger_at
from recto.serving.extracting.protocol import OWN, Order, Problem, Reply

GRACE_S = 5
"""So much longer than the service waits, it goes on at most."""


def answer(order: Order) -> Reply:
    """The fields that were ordered, or why there are none."""
    try:
        tagger = _tagger(order)
        if order["text"] is not None:
            check_rows(order["text"], order["max_lines"])
            pages = transcripts_of_text(order["text"], "text")
            check_lines(pages, order["max_lines"])
            found = extract_text(tagger, pages)
        else:
            pages = tuple(map(transcript_from_json, order["pages"]))
            check_lines(pages, order["max_lines"])
            found = tagger.extract(pages)
    except SchemaError as error:
        return _refused("schema", error)
    except DocumentTooLarge as error:
        return _refused("lines", error)
    return {"extraction": found.to_json(), "refusal": None}


def _tagger(order: Order) -> Tagger:
    """For a schema that was sent the untrained one; for a name the current one, if there is one."""
    wanted, tagger = order["schema"], order["tagger"]
    if isinstance(wanted, str):
        return _named(wanted, tagger["folder"], tagger["release"], tagger["why_not"])
    try:
        return Tagger(schema_from_json(wanted, OWN))
    except RecursionError:
        raise SchemaError("the schema is nested too deep") from None
    except (TypeError, AttributeError, ValueError, LookupError):  # of JSON Schema's older drafts
        raise SchemaError("the schema can't be understood", hint="write it as of draft 2020-12") from None


@lru_cache(maxsize=8)
def _named(name: str, folder: str | None, release: int | None, why_not: str) -> Tagger:
    """By the name of a built-in schema, or of one that a tagger is current for; never by path or module."""
    path = None if folder is None else Path(folder)
    if name in BUILT_IN:
        return tagger_at(load_schema(name), path, release, why_not)
    if path is not None:
        return tagger_at(open_tagger(path).schema, path, release, why_not)
    raise SchemaError(
        "there is no schema of this name", hint=f"there are {', '.join(BUILT_IN)}; or send a JSON Schema"
    )


def _refused(kind: Problem, error: RectoError) -> Reply:
    return {"extraction": None, "refusal": {"kind": kind, "what": error.what, "hint": error.hint}}


def main() -> None:
    """Answer orders until standard input closes, in the bytes of memory and seconds that the arguments say.

    A little later it ends by itself: the service that would kill it may be gone.
    """
    memory, longest_s = int(sys.argv[1]), float(sys.argv[2])
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for what, limit in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (limit, limit))
    for line in sys.stdin.buffer:
        signal.setitimer(signal.ITIMER_REAL, longest_s + GRACE_S)
        reply = answer(cast(Order, json.loads(line)))
        sys.stdout.buffer.write(json.dumps(reply).encode() + b"\n")
        sys.stdout.buffer.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    main()
