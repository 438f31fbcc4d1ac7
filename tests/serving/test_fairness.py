"""Room and turns: nobody is starved, nothing is lost, and nothing is counted twice."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recto.serving.fairness import Room, Turns

TENANTS = st.sampled_from(["ann", "bob", "cyd"])


def fill(room: Room, tenant: str) -> int:
    """How many single pages of `tenant` get in."""
    count = 0
    while room.take(1, tenant):
        count += 1
    return count


def anything(_: object) -> bool:
    return True


@pytest.mark.parametrize(("share", "alone", "second"), [(0.5, 32, 16), (0.25, 16, 12), (0.75, 48, 12)])
def test_one_tenant_leaves_room_for_others(share: float, alone: int, second: int) -> None:
    room = Room(64, share)
    assert (fill(room, "ann"), fill(room, "bob")) == (alone, second)


@pytest.mark.parametrize(("share", "alone"), [(1.0, 64), (0.0, 1)])
def test_the_ends_of_the_scale(share: float, alone: int) -> None:
    assert fill(Room(64, share), "ann") == alone


def test_tenants_who_share_come_to_the_same() -> None:
    room = Room(60, 0.5)
    for _ in range(60):
        for tenant in ("ann", "bob"):
            room.take(1, tenant)
    assert room.used == 40
    assert fill(room, "cyd") == 10


def test_a_request_gets_in_whole_or_not_at_all() -> None:
    room = Room(8, 1.0)
    assert room.take(6, "ann")
    assert not room.take(3, "bob")
    assert room.take(2, "bob")
    room.give_back(6, "ann")
    assert room.used == 2
    assert room.take(6, "cyd")


@given(
    st.integers(1, 20),
    st.floats(0, 1),
    st.lists(st.tuples(st.booleans(), TENANTS, st.integers(1, 5)), max_size=60),
)
def test_room_is_never_overfull_and_newcomers_get_in_while_there_is_any(
    pages: int, share: float, steps: list[tuple[bool, str, int]]
) -> None:
    room = Room(pages, share)
    held: list[tuple[int, str]] = []
    for takes, tenant, count in steps:
        if takes:
            newcomer = all(tenant != other for _, other in held)
            fits = room.used + count <= pages
            got_in = room.take(count, tenant)
            assert got_in <= fits
            assert got_in or not (newcomer and fits)
            if got_in:
                held.append((count, tenant))
        elif held:
            room.give_back(*held.pop(0))
        assert room.used == sum(count for count, _ in held) <= pages


def test_each_tenant_is_served_in_order_and_all_in_turns() -> None:
    turns: Turns[str] = Turns()
    for number in range(3):
        turns.add("ann", f"a{number}", 1.0)
    turns.add("bob", "b0", 1.0)
    assert [turns.take(anything) for _ in range(5)] == ["a0", "b0", "a1", "a2", None]


def test_large_pages_count_for_more() -> None:
    turns: Turns[str] = Turns()
    for number in range(3):
        turns.add("ann", f"a{number}", 4.0)
    for number in range(8):
        turns.add("bob", f"b{number}", 1.0)
    assert [turns.take(anything) for _ in range(6)] == ["a0", "b0", "b1", "b2", "b3", "a1"]


def test_nobody_saves_up_turns_and_a_newcomer_waits_for_one_at_most() -> None:
    turns: Turns[str] = Turns()
    for number in range(20):
        turns.add("ann", f"a{number}", 1.0)
    for _ in range(10):
        turns.take(anything)
    for number in range(4):
        turns.add("bob", f"b{number}", 1.0)
    assert [turns.take(anything) for _ in range(6)] == ["a10", "b0", "a11", "b1", "a12", "b2"]


def test_one_page_at_a_time_buys_no_extra_turns() -> None:
    """Who has nothing waiting for a moment is still remembered as ahead."""
    turns: Turns[str] = Turns()
    for number in range(6):
        turns.add("ann", f"a{number}", 1.0)
    turns.add("bob", "large 0", 3.0)
    order = []
    for number in range(1, 7):
        order.append(turns.take(anything))
        if str(order[-1]).startswith("large"):
            turns.add("bob", f"large {number}", 3.0)
    assert order == ["a0", "large 0", "a1", "a2", "a3", "large 2"]


def test_what_does_not_fit_keeps_its_place() -> None:
    turns: Turns[str] = Turns()
    for name in ("x0", "y0", "x1"):
        turns.add("ann", name, 1.0)
    assert turns.take(lambda name: name.startswith("y")) == "y0"
    assert turns.take(lambda name: name.startswith("y")) is None
    assert [turns.take(anything), turns.take(anything)] == ["x0", "x1"]


@given(st.lists(st.tuples(st.sampled_from(["add", "take", "remove"]), TENANTS, st.floats(0, 9)), max_size=80))
def test_nothing_is_lost_and_nothing_comes_twice(steps: list[tuple[str, str, float]]) -> None:
    turns: Turns[int] = Turns()
    waiting: dict[str, list[int]] = {"ann": [], "bob": [], "cyd": []}
    for number, (step, tenant, cost) in enumerate(steps):
        mine = waiting[tenant]
        if step == "add":
            turns.add(tenant, number, cost)
            mine.append(number)
        elif step == "remove":
            there = bool(mine)
            assert turns.remove(tenant, mine.pop(len(mine) // 2) if there else -1) == there
        else:
            taken = turns.take(anything)
            firsts = [line[0] for line in waiting.values() if line]
            assert (taken in firsts) if firsts else (taken is None)
            for line in waiting.values():
                if taken in line:
                    line.remove(taken)
        assert len(turns) == sum(map(len, waiting.values()))


@given(st.lists(st.tuples(TENANTS, st.floats(0.1, 9)), min_size=1, max_size=80), st.integers(1, 80))
def test_while_they_wait_tenants_get_the_same_but_for_one_page(
    items: list[tuple[str, float]], takes: int
) -> None:
    turns: Turns[int] = Turns()
    for number, (tenant, cost) in enumerate(items):
        turns.add(tenant, number, cost)
    left = Counter(tenant for tenant, _ in items)
    got: dict[str, float] = dict.fromkeys(left, 0.0)
    for _ in range(min(takes, len(items))):
        taken = turns.take(anything)
        assert taken is not None
        tenant, cost = items[taken]
        got[tenant] += cost
        left[tenant] -= 1
        waiting = [got[name] for name in left if left[name]]
        largest = max(cost for _, cost in items)
        assert max(waiting, default=0.0) - min(waiting, default=math.inf) <= largest + 1e-6
