"""Log lines: what they hold, what they never hold, and that every field is known."""

import ast
import asyncio
import contextvars
import gc
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from recto.errors import EngineError
from recto.observability import logs
from recto.observability.logs import FIELDS, bind, configure, keep

SOURCE = Path(logs.__file__).resolve().parents[1]
log = logging.getLogger("recto.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    out = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger("recto")
    before = root.level, ours.level
    configure("info", "json", out)
    yield out
    for handler in [h for h in root.handlers if h.get_name() == "recto"]:
        root.removeHandler(handler)
    root.setLevel(before[0])
    ours.setLevel(before[1])
    logging.getLogger("uvicorn").setLevel(logging.NOTSET)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_what_was_bound_and_what_it_says_itself(stream: io.StringIO) -> None:
    with bind(request_id="abc", tenant="shop"), bind(scope="legal"):
        log.info("answered", extra={"status": 200, "seconds": 0.25, "tenant": "other"})
    log.info("idle")
    first, second = lines(stream)
    assert first.keys() <= FIELDS.keys()
    said = {"event": "answered", "level": "info", "request_id": "abc", "scope": "legal", "tenant": "other"}
    assert said.items() <= first.items()
    assert (first["status"], first["seconds"], first["logger"]) == (200, 0.25, "recto.test")
    assert str(first["time"]).endswith("Z")
    assert "request_id" not in second


def test_what_is_no_field_is_left_out(stream: io.StringIO) -> None:
    log.info("read", extra={"text": "a secret", "pages": 2})
    assert "secret" not in stream.getvalue()
    assert lines(stream)[0]["pages"] == 2


def test_errors_are_told_without_their_words_unless_they_are_ours(stream: io.StringIO) -> None:
    for error in (ValueError("a secret"), EngineError("the engine is out of memory", where="secret.pdf")):
        try:
            raise error
        except (ValueError, EngineError):
            log.exception("failed")
    foreign, ours = lines(stream)
    assert "secret" not in stream.getvalue()
    assert foreign["error"] == "ValueError" and "reason" not in foreign
    assert ours["reason"] == "the engine is out of memory"
    assert str(foreign["trace"]).count("test_logs.py") == 1


def test_of_other_libraries_only_warnings_are_told(stream: io.StringIO) -> None:
    configure("debug", "json", stream)
    logging.getLogger("httpx").info("GET https://host/?token=secret")
    logging.getLogger("httpx").warning("slow")
    log.debug("ours")
    assert [line["event"] for line in lines(stream)] == ["slow", "ours"]


def test_reason_and_error_of_ours_are_told(stream: io.StringIO) -> None:
    log.error("upkeep failed", extra={"reason": "the disk is full", "error": "OSError"})
    told = lines(stream)[0]
    assert (told["reason"], told["error"]) == ("the disk is full", "OSError")


@pytest.mark.parametrize(
    ("message", "filled_in", "event"),
    [
        (
            "Task exception was never retrieved\nfuture: <Task /home/me/a.py:3>",
            (),
            "Task exception was never retrieved",
        ),
        ("Exception in callback <f at /srv/secret/recto.py:3>", (), "Exception in callback"),
        ("can't open 'secret.pdf'", (), "a library tells something"),
        ("bad file secret.pdf", (), "bad file"),
        ("Started server process [%d]", (7,), "Started server process"),
        ("%s of %d: %s", ("secret", 3, "x"), "a library tells something"),
        ("read failed: %s", (ValueError("secret"),), "read failed"),
    ],
)
def test_of_other_libraries_only_the_first_words_are_told(
    stream: io.StringIO, message: str, filled_in: tuple[object, ...], event: str
) -> None:
    logging.getLogger("asyncio").error(message, *filled_in, extra={"reason": "a secret"})
    assert lines(stream)[0]["event"] == event
    assert "reason" not in lines(stream)[0]


def test_a_lost_task_is_told_without_a_path_or_its_words(stream: io.StringIO) -> None:
    async def lose() -> None:
        async def fail() -> None:
            raise ValueError("a secret")

        lost = asyncio.create_task(fail())
        await asyncio.wait([lost])
        del lost
        gc.collect()

    asyncio.run(lose())
    (told,) = lines(stream)
    assert told["event"] == "Task exception was never retrieved" and told["error"] == "ValueError"
    assert "secret" not in stream.getvalue() and "/" not in stream.getvalue()
    assert "test_logs.py" in str(told["trace"])


def test_what_is_kept_stands_in_later_lines_of_the_task(stream: io.StringIO) -> None:
    contextvars.copy_context().run(lambda: (keep(request_id="abc"), log.info("later")))
    log.info("elsewhere")
    first, second = lines(stream)
    assert first["request_id"] == "abc" and "request_id" not in second


def test_text_is_one_line_an_event(stream: io.StringIO) -> None:
    configure("info", "text", stream)
    with bind(tenant="a shop"):
        log.info("read\nwell", extra={"pages": 3})
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert 'tenant="a shop"' in line and "pages=3" in line


def test_every_field_that_the_code_says_is_known() -> None:
    """`extra={…}` and `bind(…)` with other names would be left out silently."""
    unknown = {
        f"{path.name}: {name}"
        for path in SOURCE.rglob("*.py")
        for name in fields_said(ast.parse(path.read_text("utf-8")))
        if name not in FIELDS
    }
    assert not unknown


def fields_said(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="bind")):
                yield from (keyword.arg for keyword in node.keywords if keyword.arg)
            case ast.Call(func=ast.Attribute(attr="debug" | "info" | "warning" | "error" | "exception")):
                said = [word.value for word in node.keywords if word.arg == "extra"]
                assert all(isinstance(value, ast.Dict) for value in said), ast.unparse(node)
                yield from (
                    key.value for value in said for key in value.keys if isinstance(key, ast.Constant)
                )
