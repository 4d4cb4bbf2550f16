"""Own fills of one instrument with the middle of the market at them, in integers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from barter_bt.backtest.kept_lots import kept_lots
from barter_bt.backtest.mids import NOT_YET, Mids, mids_of
from barter_bt.data import Stream
from barter_bt.data.market import dealt_on
from barter_bt.engine.accounting import notional
from barter_bt.engine.state.market import market_mark
from barter_bt.engine.state.tables import EngineState
from barter_bt.errors import ConfigError
from barter_bt.instrument import IndexedInstruments, Scales
from barter_bt.statistic.tables import Integers


class Dealt(Protocol):
    """What is read of a :class:`~barter_bt.Result` to mark its fills: columns of integers, and what was dealt on."""

    state: EngineState
    index: IndexedInstruments
    scales: Scales
    strategies: Sequence[str]
    market: Sequence[Stream]


@dataclass(frozen=True)
class MarkedFills:
    """Fills in the order in which the engine learnt of them.

    Parameters
    ----------
    rows
        Their rows in the journal.
    time
        At the exchange, ns.
    signed
        Lots that each adds to the position.
    price
        Twice the ticks at which it was made.
    mid
        Twice the ticks of the middle that it met: for a taker the last at its time, for a maker the last before it, so
        that what the event did that filled it is not in it. The fill's own price where there was none.
    cost
        Units paid for it, its fee aside; below 0 for what was received.
    fee
        Units.
    maker, strategy
        1 if it made; the index of the strategy of its order.
    """

    rows: Integers
    time: Integers
    signed: Integers
    price: Integers
    mid: Integers
    cost: list[int]
    fee: Integers
    maker: Integers
    strategy: Integers

    def of_strategy(self, k: int) -> MarkedFills:
        """Those of one strategy."""
        mine = np.flatnonzero(self.strategy == k)
        parts: dict[str, Any] = {
            name: getattr(self, name)[mine] for name in self.__dataclass_fields__ if name != "cost"
        }
        return MarkedFills(**parts, cost=[self.cost[row] for row in mine])


def marked(run: Dealt) -> Iterator[tuple[int, Mids, MarkedFills]]:
    """Index, middles and fills of each instrument that was dealt in.

    Raises
    ------
    ConfigError
        The run has no market data any more, or an instrument was split.
    """
    if not run.market:
        raise ConfigError(
            "the run has travelled, and its market data stayed behind", "ask for it where the run was made"
        )
    s, index = run.state, run.index
    split = set(s.splits.array("instrument").tolist())
    for i in np.unique(s.trades.array("instrument")).tolist():
        if i in split:
            raise ConfigError(f"{index.names[i]!r} was split, and its fills are in units of before and after")
        mids = mids_of(index.names[i], dealt_on(run.market), run.scales.ticks[i], index.codes, index.names)
        yield i, mids, marked_fills(s, i, mids)


def marked_fills(s: EngineState, i: int, mids: Mids) -> MarkedFills:
    """The fills of an instrument."""
    t = s.trades
    rows = np.flatnonzero(t.array("instrument") == i)
    every = kept_lots(s)
    lots = (t.array("quantity") if every is None else every)[rows]
    side, ticks = t.array("side")[rows].astype(np.int64), t.array("price")[rows] - s.terms.zero[i]
    time, maker = t.array("time_exchange")[rows], t.array("maker")[rows].astype(np.int64)
    at = mids.rows_at(time, before=maker == 1)
    mid = np.where(at == NOT_YET, 2 * ticks, mids.doubled[np.maximum(at, 0)] if len(mids.doubled) else 0)
    return MarkedFills(
        rows, time, side * lots, 2 * ticks, mid, _costs(s, i, rows, side, lots), t.array("fees")[rows], maker,
        s.orders.array("strategy")[t.array("order")[rows]].astype(np.int64),
    )  # fmt: skip


def _costs(s: EngineState, i: int, rows: Integers, side: Integers, lots: Integers) -> list[int]:
    """What was paid for each fill; of an inverse contract, whose worth falls as money gets dearer, the other way."""
    t, way = s.trades, -1 if s.terms.derivative[i] < 0 else 1
    found = []
    for row, one, kept in zip(rows.tolist(), side.tolist(), lots.tolist(), strict=True):
        worth = t.notional[row] if kept == t.quantity[row] else notional(s.terms, i, kept, t.price[row])
        found.append(way * one * worth)
    return found


def worth(s: EngineState, i: int, lots: Sequence[int], doubled: Sequence[int]) -> Fraction:
    """Units that so many signed lots are worth at twice so many ticks, together; exact."""
    num, den = s.terms.num[i], s.terms.den[i]
    if s.terms.derivative[i] < 0:
        return sum(
            (Fraction(-2 * lot * num, den * price) for lot, price in zip(lots, doubled, strict=True)), Fraction()
        )
    return Fraction(sum(lot * price for lot, price in zip(lots, doubled, strict=True)) * num, 2 * den)


def final_price(s: EngineState, i: int, fills: MarkedFills) -> Fraction:
    """Twice the ticks at which the position is valued at the end (rule 6), else at which it was last dealt."""
    ins, num, den = s.instruments, s.terms.num[i], s.terms.den[i]
    lots, own = abs(ins.quantity[i]), ins.own_mark[i]
    if lots and own < 0:
        basis = ins.cost_basis[i]
        return (
            Fraction(2 * lots * num, den * basis)
            if s.terms.derivative[i] < 0
            else Fraction(2 * basis * den, lots * num)
        )
    mark = own if lots and own > 0 else market_mark(s, i)
    return Fraction(2 * (mark - s.terms.zero[i])) if mark else Fraction(int(fills.price[-1]))
