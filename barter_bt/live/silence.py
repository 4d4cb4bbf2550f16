"""Instruments of which nothing is heard, though their link may be there (rule 110)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from barter_bt.data.duration import duration_ns
from barter_bt.instrument import IndexedInstruments
from barter_bt.live.arrival import Arrival
from barter_bt.live.clock import SECOND_NS, Clock
from barter_bt.protocol import Item, Market


@dataclass(frozen=True)
class Silence:
    """An instrument has fallen silent, or is heard of again.

    Parameters
    ----------
    instrument
        Its name.
    since
        When it was last heard of, or the session began, ns since 1970 by its clock.
    time
        When that is said.
    is_over
        Whether it is heard of again.

    Examples
    --------
    >>> print(Silence("btc_usdt", 0, 60 * SECOND_NS, False))
    nothing has been heard of btc_usdt for 60 s
    >>> print(Silence("btc_usdt", 0, 75 * SECOND_NS, True))
    btc_usdt is heard of again, after 75 s
    """

    instrument: str
    since: int
    time: int
    is_over: bool

    def __str__(self) -> str:
        seconds = f"{(self.time - self.since) / SECOND_NS:g} s"
        if self.is_over:
            return f"{self.instrument} is heard of again, after {seconds}"
        return f"nothing has been heard of {self.instrument} for {seconds}"


def silent_since(names: Iterable[str], heard: Mapping[str, int], now: int, after: str | int) -> dict[str, int]:
    """Instruments of which nothing has come for so long, and when they were heard of last, in ns; 0 is never.

    Examples
    --------
    >>> silent_since(["btc_usdt", "eth_usdt"], {"btc_usdt": 5 * SECOND_NS}, 6 * SECOND_NS, "2s")
    {'eth_usdt': 0}
    """
    since = now - duration_ns(after, "after")
    return {name: heard.get(name, 0) for name in names if heard.get(name, 0) <= since}


class Silences:
    """Listens for instruments of which nothing comes.

    Parameters
    ----------
    index
        The instruments.
    clock
        By which they are silent.
    after_ns
        For how long they may be.
    tell
        Is called with each change.
    """

    def __init__(self, index: IndexedInstruments, clock: Clock, after_ns: int, tell: Callable[[Silence], None]) -> None:
        self._index, self._clock, self._after_ns, self._tell = index, clock, after_ns, tell
        self._heard: dict[int, int] = {}
        self.stale: dict[str, int] = {}  # by name, since when
        self._again = asyncio.Event()

    def hear(self, arrival: Arrival) -> None:
        """Note what a message tells of."""
        for event in arrival.events:
            if isinstance(event, Market) and isinstance(event.event, Item):
                self._heard[self._index.instrument(event.event.value.instrument)] = arrival.time
        if self.stale:
            self._hear_again(arrival.time)

    def _hear_again(self, now: int) -> None:
        for name, since in list(self.stale.items()):
            if self._heard.get(self._index.instrument(name), since) > since:
                del self.stale[name]
                self._tell(Silence(name, since, now, is_over=True))
                self._again.set()

    async def watch(self) -> None:
        """Say of which instruments nothing comes, as soon as it has been so for long enough, until cancelled."""
        began = self._clock.now()
        while True:
            now, dues = self._clock.now(), []
            for i, name in enumerate(self._index.names):
                if name in self.stale:
                    continue
                since = self._heard.get(i, began)
                if now - since >= self._after_ns:
                    self.stale[name] = since
                    self._tell(Silence(name, since, now, is_over=False))
                else:
                    dues.append(since + self._after_ns)
            if dues:
                await self._clock.sleep_until(min(dues))
            else:
                self._again.clear()
                await self._again.wait()
