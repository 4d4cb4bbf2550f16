"""Figures of a run of which only sums are known, by the same definitions as those of a whole one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from barter_bt.research.one_pass.tables import Amounts, Found
from barter_bt.research.sampled import Sampled
from barter_bt.statistic import FIGURES
from barter_bt.statistic.curve import Curve, Drawdowns, changes, ratio
from barter_bt.statistic.tables import Floats, Integers

_NONE: Final = np.zeros(1, np.int64)


class SummedCurve:
    """What figures ask of an equity curve, where its moments are known and its values are not.

    Parameters
    ----------
    found
        Sums and moments.
    curve
        One of the same times: samples, periods and lengths are those of every run.
    """

    def __init__(self, found: Found, curve: Curve) -> None:
        m, self._curve = found.moments, curve
        self.values = self.money = np.array([m.first[0], m.last[0]])
        count = len(curve.rows) - 1 if m.defined[0] else 0  # of returns
        self.mean = m.mean[0]
        self.deviation = m.deviation[0] if count > 1 else None
        self.downside = m.downside[0] if count > 1 else None
        self._depth = m.drawdown[0]

    @property
    def times(self) -> Integers:
        """Of marks."""
        return self._curve.times

    @property
    def rows(self) -> Integers:
        """Of samples."""
        return self._curve.rows

    @property
    def span_ns(self) -> int:
        """From the first to the last mark."""
        return self._curve.span_ns

    @property
    def periods(self) -> float | None:
        """How many returns the stated interval holds."""
        return self._curve.periods

    @cached_property
    def drawdowns(self) -> Drawdowns | None:
        """The deepest alone; None where the curve starts at or below zero."""
        depth: Floats = np.array([self._depth])
        return Drawdowns(_NONE, _NONE, depth, depth, _NONE == 0) if self.values[0] > 0 else None

    @property
    def deepest(self) -> int | None:
        """Number of the deepest fall."""
        return 0 if self._depth > 0 else None


@dataclass(frozen=True)
class Run:
    """What a run in one pass has found."""

    found: Found
    curve: Curve
    equity: Amounts

    @property
    def sampled(self) -> Sampled:
        """Its returns."""
        return Sampled(self.curve.times[self.curve.rows], changes(self.equity.array("value")))

    def value(self, name: str) -> Any:
        """One of the figures in :data:`ALL`."""
        if name in OF_SUMS:
            return OF_SUMS[name](self)
        return FIGURES[name].compute(self._summed)

    @cached_property
    def _summed(self) -> SummedCurve:
        return SummedCurve(self.found, self.curve)

    @property
    def closed(self) -> int:
        """Closed positions."""
        return self.found.state.closed[0]


def _turnover(run: Run) -> float | None:
    m, traded = run.found.moments, run.found.state.filled[0] > 0
    return ratio(m.notional[0], m.mean_equity[0]) if traded and m.mean_equity[0] > 0 else None


def _profit_factor(run: Run) -> float | None:
    m, traded = run.found.moments, run.found.state.filled[0] > 0
    return ratio(m.gains[0], -m.losses[0]) if traded else None


OF_SUMS: Final[dict[str, Callable[[Run], float | None]]] = {
    "orders": lambda run: run.found.state.orders[0],
    "orders_filled": lambda run: run.found.state.filled[0] - run.found.state.cut[0],
    "orders_rejected": lambda run: run.found.state.rejected[0],
    "trades": lambda run: run.found.state.filled[0],
    "positions": lambda run: run.closed,
    "win_rate": lambda run: ratio(float(run.found.state.wins[0]), run.closed),
    "profit_factor": _profit_factor,
    "fees": lambda run: run.found.moments.fees[0],
    "turnover": _turnover,
    "exposure": lambda run: ratio(run.found.state.held_ns[0], float(run.curve.span_ns)),
}
ALL: Final = frozenset(OF_SUMS) | {
    *("equity_start", "equity_end", "total_return", "annual_return", "cagr", "samples", "periods"),
    *("volatility", "downside_deviation", "sharpe", "sortino", "max_drawdown", "calmar"),
}
"""Names of all figures that one pass has."""
