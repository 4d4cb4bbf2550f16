"""Instruments whose events are processed long after they were received (rule 110).

So it is where they come faster than the machine can process them, and while one waits for what was missed before it:
what the strategy sees then is the past, and its orders come as late.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from barter_bt.instrument import IndexedInstruments
from barter_bt.live.arrival import Arrival
from barter_bt.live.clock import SECOND_NS
from barter_bt.protocol import Item, Market


@dataclass(frozen=True)
class Delay:
    """An instrument is behind, or is so no longer.

    Parameters
    ----------
    instrument
        Its name.
    wait
        How long its event has waited, ns.
    time
        When that is said.
    is_over
        Whether it is behind no longer.

    Examples
    --------
    >>> print(Delay("btc_usdt", 6 * SECOND_NS, 60 * SECOND_NS, False))
    what is heard of btc_usdt is processed 6 s late
    >>> print(Delay("btc_usdt", 0, 75 * SECOND_NS, True))
    what is heard of btc_usdt is processed in time again
    """

    instrument: str
    wait: int
    time: int
    is_over: bool

    def __str__(self) -> str:
        late = "in time again" if self.is_over else f"{self.wait / SECOND_NS:.3g} s late"
        return f"what is heard of {self.instrument} is processed {late}"


class Delays:
    """Looks at how long market events have waited.

    Parameters
    ----------
    index
        The instruments.
    limit_ns
        From when on an instrument is behind, until its events wait half as long.
    tell
        Is called with each change.

    Attributes
    ----------
    behind
        By name, how long the last event has waited, ns.
    """

    def __init__(self, index: IndexedInstruments, limit_ns: int, tell: Callable[[Delay], None]) -> None:
        self._index, self._limit_ns, self._tell = index, limit_ns, tell
        self.behind: dict[str, int] = {}

    def hear(self, arrival: Arrival) -> None:
        """Look at a message that is processed now."""
        for event in arrival.events:
            if isinstance(event, Market) and isinstance(event.event, Item):
                item = event.event.value
                wait = arrival.time - item.time_received
                if wait >= self._limit_ns or self.behind:
                    self._look(self._index.names[self._index.instrument(item.instrument)], wait, arrival.time)

    def _look(self, name: str, wait: int, now: int) -> None:
        if name not in self.behind:
            if wait >= self._limit_ns:
                self.behind[name] = wait
                self._tell(Delay(name, wait, now, is_over=False))
        elif 2 * wait < self._limit_ns:
            del self.behind[name]
            self._tell(Delay(name, wait, now, is_over=True))
        else:
            self.behind[name] = wait
