"""The processes that extract: started when needed, kept, killed when nobody waits for them any more."""

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from recto.errors import DeadlineExpired, Draining, RequestRefused
from recto.serving.extracting.extractor import Extractors
from recto.serving.extracting.protocol import NOT_IN_USE, Order
from recto.settings.serving import ExtractionSettings

from ..engines import LIMIT_S

GOOD = Order(schema="receipt", text="Total: EUR 12.00", pages=[], max_lines=10, in_use=NOT_IN_USE)
ENDLESS = Order(
    schema={
        "type": "object",
        "properties": {
            "name": {"type": "string", "pattern": "^(.|..|...)*~$", "x-recto": {"role": "vendor"}}
        },
    },
    text=f"{'A' * 60} Trading Company Ltd",
    pages=[],
    max_lines=10,
    in_use=NOT_IN_USE,
)


def late() -> float:
    return asyncio.get_running_loop().time() + LIMIT_S


async def ended(extractors: Extractors) -> None:
    async with asyncio.timeout(LIMIT_S):
        while extractors.pids:
            await asyncio.sleep(0.01)


def test_a_process_is_kept_for_the_next_request() -> None:
    async def scenario() -> None:
        extractors = Extractors(ExtractionSettings())
        assert extractors.pids == ()
        for _ in range(3):
            found = await extractors.extract(GOOD, late(), "ann")
            assert found["extractor"] == "tagger, not trained"
            assert len(extractors.pids) == 1
        await extractors.close()
        assert extractors.pids == ()

    asyncio.run(scenario())


def test_who_hangs_up_or_is_late_kills_it() -> None:
    async def scenario() -> None:
        extractors = Extractors(ExtractionSettings())
        await extractors.extract(GOOD, late(), "ann")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(extractors.extract(ENDLESS, late(), "ann"), 1)  # as who hangs up
        await ended(extractors)
        with pytest.raises(DeadlineExpired):
            await extractors.extract(ENDLESS, asyncio.get_running_loop().time() + 1, "ann")
        await ended(extractors)
        await extractors.extract(GOOD, late(), "ann")
        await extractors.close()

    asyncio.run(scenario())


def test_more_requests_than_processes_wait_for_their_turn() -> None:
    async def scenario() -> None:
        extractors = Extractors(ExtractionSettings(workers=1))
        found = await asyncio.gather(*(extractors.extract(GOOD, late(), "ann") for _ in range(5)))
        assert len(found) == 5 and len(extractors.pids) == 1
        await extractors.close()

    asyncio.run(scenario())


def test_what_one_tenant_asks_for_does_not_delay_another() -> None:
    async def scenario() -> None:
        extractors = Extractors(ExtractionSettings())
        endless = [asyncio.create_task(extractors.extract(ENDLESS, late(), "ann")) for _ in range(4)]
        while not extractors.pids:
            await asyncio.sleep(0.01)
        await extractors.extract(GOOD, late(), "bob")
        assert not any(task.done() for task in endless)
        await extractors.close()
        for ended in await asyncio.gather(*endless, return_exceptions=True):
            assert isinstance(ended, Draining)  # those that waited, and the one that was at work
        with pytest.raises(Draining):
            await extractors.extract(GOOD, late(), "bob")
        assert extractors.pids == ()

    asyncio.run(scenario())


def test_a_process_whose_service_is_gone_ends_by_itself() -> None:
    command = [sys.executable, "-m", "recto.serving.extracting.child", str(2**31), "0.1"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps(ENDLESS).encode() + b"\n")
        child.stdin.flush()  # and nobody kills it
        assert child.wait(LIMIT_S) == -signal.SIGALRM


def test_a_bad_schema_is_refused_and_nothing_dies() -> None:
    async def scenario() -> None:
        extractors = Extractors(ExtractionSettings())
        with pytest.raises(RequestRefused, match="no schema of this name"):
            await extractors.extract({**GOOD, "schema": "/etc/passwd"}, late(), "ann")
        assert len(extractors.pids) == 1
        await extractors.close()

    asyncio.run(scenario())


def test_it_learns_nothing_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SERVICE", "hush")

    async def scenario() -> None:
        extractors = Extractors(ExtractionSettings())
        await extractors.extract(GOOD, late(), "ann")
        (pid,) = extractors.pids
        assert b"SECRET_OF_THE_SERVICE" not in Path(f"/proc/{pid}/environ").read_bytes()
        await extractors.close()

    asyncio.run(scenario())
