"""Turns: tenants come in turn however many of their documents wait, and nobody who gives up keeps a turn."""

import asyncio
from collections.abc import Sequence

import pytest

from recto.serving.turns import ProcessTurns


async def settled() -> None:
    """Let every task go as far as it can."""
    for _ in range(5):
        await asyncio.sleep(0)


def order_of(documents: Sequence[tuple[str, str, int]]) -> list[str]:
    """The names of documents (tenant, name, pages) as their pages come, with one process for all."""

    async def run() -> list[str]:
        turns, order = ProcessTurns(1), list[str]()

        async def read(tenant: str, name: str, pages: int) -> None:
            for _ in range(pages):
                await turns.take(tenant)
                order.append(name)
                await settled()
                turns.give(tenant)
                await settled()

        await asyncio.gather(*(read(*document) for document in documents))
        return order

    return asyncio.run(run())


def test_documents_of_a_tenant_take_turns() -> None:
    order = order_of([("ann", "long", 4), ("ann", "short", 1), ("ann", "other", 2)])
    assert order == ["long", "short", "other", "long", "other", "long", "long"]


def test_many_documents_of_one_tenant_do_not_delay_anothers() -> None:
    order = order_of([*[("ann", f"ann {number}", 3) for number in range(20)], ("bob", "bob", 3)])
    assert len(order) == 63
    assert order[:10].count("bob") == 3


def test_who_comes_later_waits_for_two_pages_at_most() -> None:
    async def run() -> list[str]:
        turns, order = ProcessTurns(1), list[str]()

        async def page(tenant: str) -> None:
            await turns.take(tenant)
            order.append(tenant)

        await page("ann")
        tasks = [asyncio.create_task(page("ann")) for _ in range(10)]
        await settled()
        for _ in range(5):
            turns.give("ann")
            await settled()
        tasks.append(asyncio.create_task(page("bob")))
        await settled()
        for _ in range(6):
            turns.give(order[-1])
            await settled()
        await asyncio.gather(*tasks)
        return order

    assert "bob" in asyncio.run(run())[6:8]


@pytest.mark.parametrize("has_been_given", [False, True])
def test_who_gives_up_keeps_no_turn(has_been_given: bool) -> None:
    async def run() -> None:
        turns = ProcessTurns(1)
        await turns.take("first")
        waiting = asyncio.create_task(turns.take("second"))
        await settled()
        if has_been_given:
            turns.give("first")
            waiting.cancel()
        else:
            waiting.cancel()
            turns.give("first")
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.wait_for(turns.take("third"), 30)

    asyncio.run(run())


def test_as_many_at_once_as_there_is_room_for() -> None:
    async def run() -> None:
        turns = ProcessTurns(2)
        await turns.take("ann")
        await turns.take("ann")
        third = asyncio.create_task(turns.take("bob"))
        await settled()
        assert not third.done()
        turns.give("ann")
        await third

    asyncio.run(run())


def test_one_of_several_is_left_for_others() -> None:
    async def run() -> None:
        turns = ProcessTurns(2, most_each=1)
        await turns.take("ann")
        second = asyncio.create_task(turns.take("ann"))
        await settled()
        assert not second.done()
        await asyncio.wait_for(turns.take("bob"), 30)
        turns.give("bob")
        await settled()
        assert not second.done()
        turns.give("ann")
        await asyncio.wait_for(second, 30)

    asyncio.run(run())
