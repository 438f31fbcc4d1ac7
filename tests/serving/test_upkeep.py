"""Upkeep: duties are done at once, again after a failure, and a last time at the end."""

import asyncio
import logging
import threading

import pytest

from recto.errors import WorkspaceBusy
from recto.serving.upkeep import Upkeep


def test_duties_are_done_at_the_beginning_and_flushes_also_at_the_end() -> None:
    done: list[str] = []
    flushed = threading.Event()

    def flush() -> None:
        done.append("flush")
        flushed.set()

    async def run() -> None:
        upkeep = Upkeep([flush], [lambda: done.append("purge")])
        task = asyncio.create_task(upkeep.run())
        await asyncio.to_thread(flushed.wait, 30)
        upkeep.close()
        await task

    asyncio.run(run())
    assert done == ["purge", "flush", "flush"]


@pytest.mark.parametrize(
    ("error", "told"),
    [(WorkspaceBusy("somebody writes"), "somebody writes"), (KeyError("secret"), "KeyError")],
)
def test_what_fails_is_told_and_keeps_the_others_from_nothing(
    error: Exception, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []

    def fail() -> None:
        raise error

    async def run() -> None:
        upkeep = Upkeep([fail, lambda: done.append("flush")], [fail])
        task = asyncio.create_task(upkeep.run())
        upkeep.close()
        await task

    with caplog.at_level(logging.ERROR):
        asyncio.run(run())
    assert done == ["flush"]
    assert {record.reason for record in caplog.records} == {told}
