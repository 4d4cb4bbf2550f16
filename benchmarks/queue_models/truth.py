"""Where a ghost truly stands, and when it is filled: order by order, without any of the engine's code.

Assumptions:

- Who is there at a price when the ghost comes stands ahead of it, who comes later stands behind it (price, then time).
  NASDAQ tells a replaced order as one that is gone and one that comes.
- The ghost has no impact: everybody else does what they did. What it gets, those behind it got in truth.
- An execution of an order behind it would have met the ghost first: it gets the shares of that execution, up to its
  rest. So would one at its price of a hidden order, which stands behind displayed ones.
- A trade at a worse price, of a displayed or a hidden order, fills it whole. That is what the rules of the engine say,
  too; by volume it would get no more than the shares of that trade, which ``by_volume`` does.
- An order of the other side that comes to its price or beyond would have met it, too.
- Auctions and halts do not fill it. Orders outside the five levels are not known, so it is cancelled when its price
  gets there.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from benchmarks.queue_models.ghosts import Ghosts
from benchmarks.queue_models.lobster import CANCELLED, DELETED, EXECUTED, HIDDEN, SUBMITTED, Day

Cancel = tuple[int, int, int, bool]
"""Shares ahead, shares behind, shares that left without a trade, whether they stood ahead."""


@dataclass
class Fate:
    """What becomes of a ghost.

    Attributes
    ----------
    fills
        Time and shares of each fill.
    ahead, behind
        Shares that stand there now.
    cancels
        Each cancel at its price while it rests, with what stood there before.
    jumped
        Executions that passed an order ahead of it: none, if the queue is one of price and time.
    by_volume
        Whether a trade through its price fills no more than the shares of that trade.
    """

    rest: int
    ahead: int
    behind: dict[int, int] = field(default_factory=dict)
    fills: list[tuple[int, int]] = field(default_factory=list)
    cancels: list[Cancel] = field(default_factory=list)
    jumped: int = 0
    by_volume: bool = False

    def fill(self, time: int, shares: int) -> None:
        """So many shares meet it."""
        if got := min(shares, self.rest):
            self.fills.append((time, got))
            self.rest -= got

    def left(self, order: int, shares: int) -> bool:
        """Shares of an order at its price are gone; whether they stood ahead."""
        if order not in self.behind:
            self.ahead -= shares
            return True
        self.behind[order] -= shares
        return False


def fate(events: Day, side: int, price: int, size: int, ahead: int, *, by_volume: bool = False) -> Fate:
    """Follow a ghost through events until it is filled: a part of a day from when it comes until it is cancelled."""
    found = Fate(size, ahead, by_volume=by_volume)
    columns = (events.time, events.kind, events.id, events.size, events.price, events.side)
    for event in zip(*(column.tolist() for column in columns), strict=True):
        _see(found, side, price, *event)
        if not found.rest:
            break
    return found


def fates(day: Day, ghosts: Ghosts, *, by_volume: bool = False) -> list[Fate]:
    """What becomes of each ghost. What happens in the nanosecond of its cancel comes before that."""
    begins = np.searchsorted(day.time, ghosts.time)
    ends = np.searchsorted(day.time, ghosts.end, side="right")
    rows = np.stack([begins, ends, ghosts.side, ghosts.price, ghosts.size, ghosts.ahead], 1).tolist()
    return [fate(day.part(first, last), *ghost, by_volume=by_volume) for first, last, *ghost in rows]


def _see(g: Fate, side: int, price: int, time: int, kind: int, order: int, shares: int, at: int, of: int) -> None:
    beyond = side * (price - at)  # above 0: a worse price for who trades with the ghost's side
    own = of == side and beyond == 0
    if kind == SUBMITTED and own:
        g.behind[order] = shares
    elif kind == SUBMITTED and of != side and beyond >= 0:
        g.fill(time, shares)
    elif kind in (CANCELLED, DELETED) and own:
        before = g.ahead, sum(g.behind.values()), shares
        g.cancels.append((*before, g.left(order, shares)))
    elif kind == EXECUTED and own:
        if not g.left(order, shares):
            g.jumped += g.ahead > 0
            g.fill(time, shares)
    elif kind == HIDDEN and own:
        g.jumped += g.ahead > 0
        g.fill(time, shares)
    elif kind in (EXECUTED, HIDDEN) and beyond > 0:
        g.fill(time, shares if g.by_volume else g.rest)
    elif kind == HIDDEN and beyond == 0:
        g.fill(time, shares)
