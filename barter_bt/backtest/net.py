"""The equity net of deposits: what the start's equity would have become if nothing had been paid in or out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from barter_bt.engine.agenda import NEVER
from barter_bt.engine.flows import DEPOSIT
from barter_bt.engine.state.tables import EngineState
from barter_bt.engine.state.valuation import UNKNOWN
from barter_bt.statistic.tables import Floats


def net_equity(s: EngineState) -> Floats | None:
    """The marks of a run, each deposit scaled out at the equity just before it; None where none was given.

    From one deposit to the next it is the equity times a constant, such that it does not jump: growth between deposits
    is linked. Where the equity just before a deposit, or the deposit's worth, is not known, it is linked from the last
    known mark before it to the first after it; where the equity after it is not above 0, or the net equity just before
    it is not, there is nothing to link to, and it stays where it is until the next deposit. NaN where the equity is
    unknown. What came before the first known mark, or at its time, belongs to the start.
    """
    kinds, times_due = s.flows.array("kind"), s.flows.array("time")
    given = (kinds == DEPOSIT) & (times_due < NEVER)  # what an event engine may be told of is never due
    if not given.any() and not (kinds[s.payments.array("flow")] == DEPOSIT).any():
        return None
    times, known = s.equity.array("time"), s.equity.array("known") != 0
    rows = np.flatnonzero(known)
    net = np.where(known, s.equity.array("equity").astype(np.float64), np.nan)
    if not len(rows):
        return net
    worth, begin, link = net[rows], 0, _Link(1.0, 1.0)
    for time, before, after in _deposits(s):
        end = int(np.searchsorted(times[rows], time))
        if end == 0 or time <= times[rows[0]]:
            continue
        net[rows[begin:end]] = link.of(worth[begin:end])
        if before is None or after is None:
            level, begins = float(net[rows[end - 1]]), float(worth[end]) if end < len(rows) else 0.0
        else:
            level, begins = float(link.of(np.array([before]))[0]), after
        link, begin = _Link(level, begins), end
    net[rows[begin:]] = link.of(worth[begin:])
    return net


class _Link(NamedTuple):
    """From a deposit on: the net equity is ``level`` where the equity is ``after``, which it was just after it."""

    level: float
    after: float

    def of(self, equity: Floats) -> Floats:
        """Net of deposits; exactly the level where nothing has changed since."""
        linked = self.level > 0 and self.after > 0
        found: Floats = self.level * (equity / self.after) if linked else np.full(len(equity), self.level)
        return found


def _deposits(s: EngineState) -> Iterator[tuple[int, float | None, float | None]]:
    """When the engine learnt of each, and the equity just before and after it, in units."""
    p, w = s.payments, s.worths
    for row in range(len(p)):
        if s.flows.kind[p.flow[row]] == DEPOSIT:
            before, worth = w.equity_before[row], w.worth[row]
            after = None if UNKNOWN in (before, worth) else float(before + worth)
            yield p.time_engine[row], None if before == UNKNOWN else float(before), after
