"""Clocks: what time it is for a system, and how it waits. Nothing else in this room looks at the machine's clock.

==================  =============================  ========================================
clock               what time it is                waiting until a time
==================  =============================  ========================================
:class:`WallClock`  the machine's                  takes as long as it takes
:class:`Paced`      of a replay, so many times as  a fraction of that
                    fast as the machine's
:class:`Virtual`    the latest waited for          takes nothing: time jumps there
:class:`Manual`     what a test has set            until the test has set it
==================  =============================  ========================================
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from barter_bt.engine.agenda import NEVER
from barter_bt.errors import ConfigError

SECOND_NS = 1_000_000_000


class Clock(Protocol):
    """What time it is, in ns since 1970 UTC."""

    def now(self) -> int:
        """The time."""
        ...

    async def sleep_until(self, when: int) -> None:
        """Return at ``when`` or later; at once if that is past."""
        ...


class WallClock:
    """The machine's clock.

    Examples
    --------
    >>> WallClock().now() > 1_700_000_000_000_000_000
    True
    """

    def now(self) -> int:
        """The time."""
        return time.time_ns()

    async def sleep_until(self, when: int) -> None:
        """Wait."""
        while (left := when - self.now()) > 0:
            await asyncio.sleep(left / SECOND_NS)


class Paced:
    """The clock of a replay: from ``start`` on it goes ``pace`` times as fast as the machine's.

    It starts when it is first asked, so that what is prepared before does not count.

    Parameters
    ----------
    start
        The first time, ns since 1970.
    pace
        Seconds of the replay in a second of the machine's: 1 is as it was, 3600 an hour in a second.
    end
        The last time, at which it stands still.
    monotonic
        Counts the machine's nanoseconds.

    Raises
    ------
    ConfigError
        The pace is not positive.

    Examples
    --------
    >>> ticks = iter([5, 7])
    >>> clock = Paced(1_000, 60, monotonic=lambda: next(ticks))
    >>> clock.now(), clock.now()
    (1000, 1120)
    """

    def __init__(
        self, start: int, pace: float, end: int = NEVER, monotonic: Callable[[], int] = time.monotonic_ns
    ) -> None:
        if not 0 < pace < float("inf"):
            raise ConfigError(f"pace is {pace}; it must be a positive number", "1 is the pace of the data itself")
        self._start, self._pace, self._end, self._monotonic = start, pace, end, monotonic
        self._origin: int | None = None

    def now(self) -> int:
        """The time."""
        ticks = self._monotonic()
        if self._origin is None:
            self._origin = ticks
        return min(self._start + round((ticks - self._origin) * self._pace), self._end)

    async def sleep_until(self, when: int) -> None:
        """Wait; for what is behind the end, no longer than until then."""
        when = min(when, self._end)
        while (left := when - self.now()) > 0:
            await asyncio.sleep(left / self._pace / SECOND_NS)


class Virtual:
    """Time jumps to whatever is waited for, so a replay goes as fast as it can; it never goes back.

    Examples
    --------
    >>> clock = Virtual(10)
    >>> asyncio.run(clock.sleep_until(25))
    >>> clock.now()
    25
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        """The time."""
        return self._now

    async def sleep_until(self, when: int) -> None:
        """Jump there, and let others have their turn."""
        self._now = max(self._now, when)
        await asyncio.sleep(0)


class Manual:
    """A clock for tests: it stands still until it is set, and then lets everybody finish who waited for that.

    Examples
    --------
    >>> async def at_ten() -> int:
    ...     clock = Manual()
    ...     waiting = asyncio.create_task(clock.sleep_until(10))
    ...     await clock.set(9)
    ...     early = waiting.done()
    ...     await clock.set(10)
    ...     return early, waiting.done()
    >>> asyncio.run(at_ten())
    (False, True)
    """

    def __init__(self, start: int = 0) -> None:
        self._now = start
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """The time."""
        return self._now

    async def sleep_until(self, when: int) -> None:
        """Wait until somebody has set the clock that far."""
        if when > self._now:
            due = asyncio.get_running_loop().create_future()
            self._waiting.append((when, due))
            await due

    async def set(self, when: int, turns: int = 50) -> None:
        """Let it be ``when``, and give the loop so many turns.

        Raises
        ------
        ConfigError
            That is earlier than it was.
        """
        if when < self._now:
            raise ConfigError(f"the clock is to be set to {when}, and it is {self._now}; time does not go back")
        self._now = when
        for due in [due for at, due in self._waiting if at <= when and not due.done()]:
            due.set_result(None)
        self._waiting = [(at, due) for at, due in self._waiting if at > when]
        for _ in range(turns):
            await asyncio.sleep(0)
