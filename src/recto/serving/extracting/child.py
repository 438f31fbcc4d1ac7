"""The program of a process that extracts: it reads orders from standard input and answers on standard output.

It opens no file but those of a current Release's model folder, and no connection. Schemas of strangers are
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

from recto.datasets.example import JsonValue
from recto.documents.transcript import Transcript, transcript_from_json
from recto.errors import DocumentTooLarge, RectoError, SchemaError
from recto.extraction.asked_folder import taught_in
from recto.extraction.fields import Extraction
from recto.extraction.loading import load_schema, schema_from_json
from recto.extraction.ranker import Calibration
from recto.extraction.schema import BUILT_IN, Schema
from recto.extraction.tagger import Tagger
from recto.extraction.tagger_folder import open_tagger
from recto.extraction.texts import check_lines, check_rows, transcripts_of_text, without_boxes
from recto.registry.extractors import tagger_at
from recto.serving.extracting.asked_child import question_or_fields
from recto.serving.extracting.protocol import OWN, Asked, Order, Problem, QuestionJson, Reply

GRACE_S = 5
"""So much longer than the service waits, it goes on at most."""


def answer(order: Order) -> Reply:
    """The fields that were ordered, what a model is to be asked for them first, or why there are none."""
    try:
        pages = _pages(order)
        found = _asked(order, order["asked"], pages) if "asked" in order else _tagger(order).extract(pages)
    except SchemaError as error:
        return _refused("schema", error)
    except DocumentTooLarge as error:
        return _refused("lines", error)
    if not isinstance(found, Extraction):
        return {"extraction": None, "refusal": None, "question": found}
    extraction = found if order["text"] is None else without_boxes(found)
    return {"extraction": extraction.to_json(), "refusal": None}


def _pages(order: Order) -> tuple[Transcript, ...]:
    if order["text"] is not None:
        check_rows(order["text"], order["max_lines"])
        pages = transcripts_of_text(order["text"], "text")
    else:
        pages = tuple(map(transcript_from_json, order["pages"]))
    check_lines(pages, order["max_lines"])
    return pages


def _tagger(order: Order) -> Tagger:
    """For a schema that was sent the untrained one; for a name the current one, if there is one."""
    wanted, in_use = order["schema"], order["in_use"]
    if isinstance(wanted, str):
        return _named(wanted, in_use["folder"], in_use["release"], in_use["why_not"])
    return tagger_at(_own(wanted), None, None, in_use["why_not"])


def _asked(order: Order, asked: Asked, pages: tuple[Transcript, ...]) -> QuestionJson | Extraction:
    """A model's part; where its Release is of another schema of that name, that of an untrained tagger."""
    wanted, in_use = order["schema"], order["in_use"]
    if not isinstance(wanted, str):
        return question_or_fields((_own(wanted), Calibration()), pages, asked, in_use)
    if in_use["folder"] is None:
        return question_or_fields((_built_in(wanted), Calibration()), pages, asked, in_use)
    schema, calibration = _taught(in_use["folder"])
    if wanted in BUILT_IN and schema.digest != load_schema(wanted).digest:
        why = f"Release {in_use['release']} is of another schema called {wanted}"
        return tagger_at(load_schema(wanted), None, None, why).extract(pages)
    return question_or_fields((schema, calibration), pages, asked, in_use)


def _own(wanted: dict[str, JsonValue]) -> Schema:
    """A schema that was sent. Raises SchemaError."""
    try:
        return schema_from_json(wanted, OWN)
    except RecursionError:
        raise SchemaError("the schema is nested too deep") from None
    except (TypeError, AttributeError, ValueError, LookupError):  # of JSON Schema's older drafts
        raise SchemaError("the schema can't be understood", hint="write it as of draft 2020-12") from None


@lru_cache(maxsize=8)
def _named(name: str, folder: str | None, release: int | None, why_not: str) -> Tagger:
    """By the name of a built-in schema, or of one that a tagger is current for; never by path or module."""
    path = None if folder is None else Path(folder)
    schema = _built_in(name) if path is None or name in BUILT_IN else open_tagger(path).schema
    return tagger_at(schema, path, release, why_not)


@lru_cache(maxsize=8)
def _taught(folder: str) -> tuple[Schema, Calibration]:
    return taught_in(Path(folder))


def _built_in(name: str) -> Schema:
    if name in BUILT_IN:
        return load_schema(name)
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
