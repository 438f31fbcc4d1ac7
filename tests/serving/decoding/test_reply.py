"""What a process may answer: errors whole, and nothing that a process taken over by a file could think of."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from recto.errors import BrokenDocument, TruncatedDocument
from recto.serving.decoding.process import DecoderProcess
from recto.serving.decoding.protocol import HEAD, Order, Setup, packed, problem_of
from recto.serving.decoding.reply import Problem, Reply, error_of

SETUP = Setup(max_bytes=1000, max_pixels=100, dpi=200, page_s=10, memory_bytes=10**9)
PAGE = Order(name="upload", number=1, max_pages=1, fresh=False, forget=False)
GOOD = {"page_count": 1, "sha256": "ab", "width": 2, "height": 1, "dpi": None, "problem": None}


def test_errors_cross_whole() -> None:
    error = TruncatedDocument("ends early", where="upload", hint="send it again")
    crossed = error_of(Problem.model_validate(problem_of(error)))
    assert type(crossed) is TruncatedDocument
    assert str(crossed) == str(error)
    long = problem_of(BrokenDocument("x" * 10_000, hint="y" * 10_000))
    assert len(error_of(Problem.model_validate(long)).what) == 2000


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "SettingsError"}, {"kind": "annotations"}, {"kind": "Exception"}, {"kind": "os.system"},
        {"what": "x" * 2001}, {"what": 1}, {"more": "x"},
    ],
)  # fmt: skip
def test_only_errors_of_documents_are_believed(change: dict[str, object]) -> None:
    problem = problem_of(BrokenDocument("what", hint="hint")) | change
    with pytest.raises(ValidationError):
        Reply.model_validate({"problem": problem})


def answered(answer: bytes) -> Callable[[], object]:
    """Ask a "process" that answers this and hangs up."""

    async def ask() -> object:
        ours, theirs = socket.socketpair()
        ours.settimeout(0)
        process = DecoderProcess(SETUP)
        process._link = ours

        def answer_once() -> None:
            with theirs:
                theirs.recv(1000)
                theirs.sendall(answer)

        thread = threading.Thread(target=answer_once)
        thread.start()
        try:
            return await process.ask(PAGE, None)
        finally:
            await process.stop()
            thread.join()

    return lambda: asyncio.run(ask())


def test_a_good_answer() -> None:
    found = answered(packed(GOOD) + b"abcdef")()
    assert found.image.tolist() == [[[97, 98, 99], [100, 101, 102]]]


@pytest.mark.parametrize(
    "answer",
    [
        b"", b"\0\0", HEAD.pack(4) + b"nope", HEAD.pack(2**32 - 1), packed(GOOD), packed(GOOD) + b"abc",
        packed(GOOD | {"page_count": 0}) + b"abcdef", packed(GOOD | {"width": 0}),
        packed(GOOD | {"width": 2**31, "height": 2**31}), packed(GOOD | {"width": -2}) + b"abcdef",
        packed(GOOD | {"width": 11, "height": 10}) + b"x" * 330, packed(GOOD | {"width": 2.5}),
        packed(GOOD | {"sha256": "x" * 65}), packed(GOOD | {"page_count": "1"}), packed({"problem": {}}),
    ],
)  # fmt: skip
def test_whatever_else_is_as_if_the_process_had_died(answer: bytes) -> None:
    with pytest.raises(ConnectionError):
        answered(answer)()
