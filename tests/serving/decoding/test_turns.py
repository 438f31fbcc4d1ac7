"""Turns: documents come in turn however many of their pages wait, and nobody who gives up keeps a turn."""

import asyncio

import pytest

from recto.serving.decoding.turns import Turns


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_documents_take_turns() -> None:
    async def run() -> list[str]:
        turns, order = Turns(1), list[str]()

        async def page(document: str) -> None:
            await turns.take(document)
            order.append(document)
            await settled()
            turns.give()

        names = ["long"] * 4 + ["short"] + ["other"] * 2
        await asyncio.gather(*(page(name) for name in names))
        return order

    assert asyncio.run(run()) == ["long", "long", "short", "other", "long", "other", "long"]


@pytest.mark.parametrize("has_been_given", [False, True])
def test_who_gives_up_keeps_no_turn(has_been_given: bool) -> None:
    async def run() -> None:
        turns = Turns(1)
        await turns.take("first")
        waiting = asyncio.create_task(turns.take("second"))
        await settled()
        if has_been_given:
            turns.give()
            waiting.cancel()
        else:
            waiting.cancel()
            await settled()
            turns.give()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(turns.take("third"), 30)

    asyncio.run(run())


def test_as_many_at_once_as_there_is_room_for() -> None:
    async def run() -> None:
        turns = Turns(2)
        await turns.take("a")
        await turns.take("a")
        third = asyncio.create_task(turns.take("b"))
        await settled()
        assert not third.done()
        turns.give()
        await third

    asyncio.run(run())
