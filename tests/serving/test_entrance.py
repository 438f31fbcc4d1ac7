"""Who is let in, who waits for room, and who comes too late."""

import asyncio
from contextlib import ExitStack

import pytest

from recto.errors import Draining, QueueFull
from recto.observability.metrics import Unread
from recto.serving.entrance import Entrance
from recto.serving.watcher import Nobody
from recto.settings import ServingSettings


class Seen(Nobody):
    """Writes down who was refused."""

    def __init__(self) -> None:
        self.refused: list[tuple[str, int]] = []

    def unread(self, reason: Unread, pages: int = 1) -> None:
        self.refused.append((reason, pages))


def entrance(pages: int, seen: Seen, *, share: float = 1.0, batch: int = 4) -> Entrance:
    settings = ServingSettings(max_queue_pages=pages, max_tenant_share=share, max_batch_size=batch)
    return Entrance(settings, seen)


def test_there_is_room_for_so_many_and_again_when_one_has_gone() -> None:
    at = entrance(2, seen := Seen())
    with ExitStack() as first, at.admit("bob"):
        first.enter_context(at.admit("ann"))
        with pytest.raises(QueueFull), at.admit("cyd"):
            pass
        first.close()
        with at.admit("cyd"):
            assert at.used == 2
    assert at.used == 0
    assert seen.refused == [("full", 1)]


def test_one_tenant_leaves_room_for_others() -> None:
    at = entrance(4, Seen(), share=0.5)
    with at.admit("ann"), at.admit("ann"):
        with pytest.raises(QueueFull), at.admit("ann"):
            pass
        with at.admit("bob"):
            pass


@pytest.mark.parametrize(("pages", "wide"), [(1, 1), (3, 3), (4, 4), (2000, 4)])
def test_a_request_is_as_wide_as_its_document_and_a_batch(pages: int, wide: int) -> None:
    at = entrance(8, Seen())
    with at.admit("ann"), at.widened(pages, "ann") as found:
        assert (found, at.used, at.window) == (wide, wide, 4)
    assert at.used == 0


def test_without_room_a_request_goes_on_with_the_page_that_it_was_let_in_with() -> None:
    at = entrance(4, seen := Seen())
    with at.admit("ann"), at.admit("bob"), at.widened(2000, "ann") as found:
        assert (found, at.used) == (1, 2)
    assert seen.refused == []


def test_what_has_time_waits_for_room() -> None:
    async def run() -> None:
        at = entrance(1, seen := Seen())
        order: list[str] = []

        async def job(name: str) -> None:
            async with at.admit_patiently(name):
                order.append(name)
                assert at.used == 1

        with at.admit("ann"):
            jobs = [asyncio.create_task(job(name)) for name in ("bob", "cyd", "dan")]
            await asyncio.sleep(0)
            jobs[1].cancel()
            await asyncio.sleep(0)
            assert order == []
        await asyncio.gather(*jobs, return_exceptions=True)
        assert order == ["bob", "dan"]
        assert (at.used, seen.refused) == (0, [])

    asyncio.run(run())


def test_a_closed_entrance_lets_nobody_in_and_says_when_all_have_gone() -> None:
    async def run() -> None:
        at = entrance(1, seen := Seen())

        async def job() -> None:
            async with at.admit_patiently("bob"):
                pass

        with at.admit("ann"):
            waits = asyncio.create_task(job())
            await asyncio.sleep(0)
            at.close()
            emptied = asyncio.create_task(at.emptied())
            with pytest.raises(Draining):
                await waits
            with pytest.raises(Draining), at.admit("cyd"):
                pass
            assert not emptied.done()
        await emptied
        assert seen.refused == [("draining", 1)]

    asyncio.run(run())
