"""The processes that ask language models: kept, shared out in turns, and not killed by who hangs up."""

import asyncio
import threading

import pytest

from recto.errors import DeadlineExpired, Draining, ModelUnavailable, QueueFull
from recto.serving.extracting.models import ModelProcesses
from recto.serving.extracting.protocol import WriteOrder
from recto.settings import Settings

from ...engines.remote.speaker import Reply, Speaker, said, speaking
from ..engines import LIMIT_S, until

ORDER: WriteOrder = {
    "means": "remote",
    "folder": None,
    "question": {
        "before": "Find the total.", "document": "Total 12.00", "after": "", "shape": {"type": "object"},
        "pages": [],
    },
    "picture": None,
}  # fmt: skip
ANSWER = '{"total":"12.00"}'


def processes(url: str, **limits: object) -> ModelProcesses:
    remote = {"url": url, "attempts": 1}
    return ModelProcesses(Settings.model_validate({"remote": remote, "extraction": limits}))


def in_time() -> float:
    return asyncio.get_running_loop().time() + LIMIT_S


def test_a_process_is_kept_and_says_which_model_it_asked() -> None:
    async def scenario(speaker: Speaker) -> None:
        models = processes(speaker.url)
        assert models.pids == ()
        await models.load("remote")
        assert not speaker.asked
        (pid,) = models.pids
        for _ in range(2):
            label, written = await models.write(ORDER, in_time(), "ann")
            assert label == "remote qwen" and written is not None
            assert (written["text"], written["finish"]) == (ANSWER, "complete")
        assert models.pids == (pid,)
        await models.close()
        assert models.pids == ()
        with pytest.raises(Draining):
            await models.write(ORDER, in_time(), "ann")

    with speaking(Reply(said(ANSWER)), models=("qwen",)) as speaker:
        asyncio.run(scenario(speaker))


def test_who_hangs_up_kills_nothing_and_the_others_wait_for_the_end() -> None:
    gate = threading.Event()

    async def scenario(speaker: Speaker) -> None:
        models = processes(speaker.url)
        left = asyncio.create_task(models.write(ORDER, in_time(), "ann"))
        await until(lambda: bool(speaker.asked))
        (pid,) = models.pids
        left.cancel()
        waits = asyncio.create_task(models.write(ORDER, in_time(), "bob"))
        with pytest.raises(DeadlineExpired):
            await models.write(ORDER, asyncio.get_running_loop().time() + 0.1, "eve")
        assert len(speaker.asked) == 1 and not waits.done()
        gate.set()
        assert (await waits)[0] == "remote qwen" and models.pids == (pid,)
        await models.close()

    with speaking(Reply(said(ANSWER), wait=gate), models=("qwen",)) as speaker:
        asyncio.run(scenario(speaker))


def test_no_more_than_the_queue_wait_but_jobs_do() -> None:
    gate = threading.Event()

    async def scenario(speaker: Speaker) -> None:
        models = processes(speaker.url, model_queue=2)
        waiting = [asyncio.create_task(models.write(ORDER, in_time(), name)) for name in ("ann", "bob")]
        await until(lambda: bool(speaker.asked))
        with pytest.raises(QueueFull):
            await models.write(ORDER, in_time(), "eve")
        job = asyncio.create_task(models.write(ORDER, None, "job"))
        gate.set()
        assert len(await asyncio.gather(*waiting, job)) == 3
        await models.close()

    with speaking(Reply(said(ANSWER), wait=gate), models=("qwen",)) as speaker:
        asyncio.run(scenario(speaker))


def test_what_takes_too_long_is_killed_and_another_process_goes_on() -> None:
    gate = threading.Event()

    async def scenario(speaker: Speaker) -> None:
        models = processes(speaker.url, model_timeout_s=0.1)
        with pytest.raises(DeadlineExpired):
            await models.write(ORDER, None, "ann")
        gate.set()
        label, _ = await models.write(ORDER, None, "ann")
        assert label == "remote qwen" and len(models.pids) == 1
        await models.close()

    with speaking(Reply(said(ANSWER), wait=gate), models=("qwen",)) as speaker:
        asyncio.run(scenario(speaker))


def test_a_model_that_cant_be_asked_is_told_without_its_reasons(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        models = processes("http://127.0.0.1:9/v1")
        for _ in range(2):
            with pytest.raises(ModelUnavailable) as caught:
                await models.write(ORDER, in_time(), "ann")
            assert "127.0.0.1" not in str(caught.value)
        assert len(models.pids) == 1
        await models.close()

    asyncio.run(scenario())
    assert "a language model can't be asked" in caplog.text
