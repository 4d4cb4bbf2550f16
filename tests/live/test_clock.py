"""Clocks: none of these tests waits for the machine's."""

from __future__ import annotations

import asyncio

import pytest

from barter_bt.errors import ConfigError
from barter_bt.live import Clock, Manual, Paced, Virtual, WallClock
from barter_bt.live.clock import SECOND_NS


@pytest.mark.parametrize("clock", [WallClock(), Paced(0, 1), Virtual(), Manual()])
def test_what_is_past_is_not_waited_for(clock: Clock) -> None:
    asyncio.run(clock.sleep_until(clock.now() - 1))


def test_a_paced_clock_starts_when_it_is_asked_and_ends_with_the_data() -> None:
    ticks = iter([1_000, 1_010, 1_500])
    clock = Paced(50, 3, end=600, monotonic=lambda: next(ticks))
    assert [clock.now() for _ in range(3)] == [50, 80, 600]


def test_a_paced_clock_waits_so_much_shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hours at an hour a second are two seconds of the machine's."""
    now, slept = [0], []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += round(seconds * SECOND_NS)

    monkeypatch.setattr("barter_bt.live.clock.asyncio.sleep", sleep)
    clock = Paced(0, 3600, monotonic=lambda: now[0])
    asyncio.run(clock.sleep_until(2 * 3600 * SECOND_NS))
    assert slept == [2.0]
    assert clock.now() == 2 * 3600 * SECOND_NS


def test_what_is_behind_the_end_is_waited_for_until_then() -> None:
    asyncio.run(Paced(0, 1, end=0).sleep_until(10**18))


@pytest.mark.parametrize("pace", [0, -1, float("inf"), float("nan")])
def test_a_pace_is_positive(pace: float) -> None:
    with pytest.raises(ConfigError, match="pace"):
        Paced(0, pace)


def test_a_manual_clock_does_not_go_back() -> None:
    async def back() -> None:
        await Manual(5).set(4)

    with pytest.raises(ConfigError, match="does not go back"):
        asyncio.run(back())


def test_a_virtual_clock_never_goes_back() -> None:
    clock = Virtual(5)
    asyncio.run(clock.sleep_until(3))
    assert clock.now() == 5
