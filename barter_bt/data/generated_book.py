"""A seeded order book with the trades that change it: a small market whose participants are drawn at random.

Assumptions. A hidden value walks; some of those who take know it and go towards it, the others take either side alike.
Takers walk the levels. Between them orders are added and cancelled at random levels, more near the best price, and a
spread that has opened is closed again from the side on which the value lies. So prices move because of trades, and a
resting order is filled now and then by those who know: who quotes gets the spread, and pays for them.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import polars as pl

from barter_bt.data.schema import TIME

START_NS: Final = 1_577_836_800_000_000_000  # 2020-01-01 UTC
_LEVELS, _FIRST, _CENT = 12, 10_000, 100
_TAKEN, _ADDED = 0.12, 0.6  # cumulated chances of a taker and of an addition; what is left are cancels
_KNOWING = 0.35  # of takers go towards the hidden value

Level = tuple[int, int]  # side 1 (bid) or -1, and ticks


def book_and_trades(n: int = 20_000, seed: int = 17, instrument: str = "walk_usd") -> tuple[pl.DataFrame, pl.DataFrame]:
    """Make a book stream of ``n`` messages behind a snapshot, five a second, and the trades that belong to it.

    Prices are on a grid of 0.01 around 100, amounts on 0.1. Messages are numbered one by one. A trade has the time of
    the message that takes it from the book: give trades before the book.

    Returns
    -------
    tuple[polars.DataFrame, polars.DataFrame]
        The messages and the trades, as canonical frames: for :func:`~barter_bt.data.book` and
        :func:`~barter_bt.data.trades`.

    Examples
    --------
    >>> depth, tape = book_and_trades(1_000)
    >>> depth.columns
    ['time_exchange', 'instrument', 'side', 'price', 'amount', 'snapshot', 'sequence', 'previous_sequence']
    >>> import barter_bt as bt
    >>> bt.data.rebuild_books(bt.data.book(depth))["state"].cast(pl.String).unique().to_list()
    ['normal']
    """
    market = _Market(n, seed)
    rows = [(0, *level, amount) for level, amount in market.stands.items()]
    trades: list[tuple[int, int, int, int]] = []
    for k in range(1, n + 1):
        taken, changed = market.next(k - 1)
        trades += [(k, *each) for each in taken]
        rows += [(k, *level, market.stands.get(level, 0)) for level in changed]
    times = START_NS + np.cumsum(np.concatenate([[0], market.gaps]))
    number, side, ticks, amount = np.array(rows, np.int64).T
    which, taker, price, size = np.array(trades, np.int64).reshape(-1, 4).T
    depth = _frame(times[number], instrument, ticks, amount).with_columns(
        side=pl.Series(side.astype(np.int8)), snapshot=pl.Series(number == 0), sequence=pl.Series(number + 1),
        previous_sequence=pl.Series(number),
    )  # fmt: skip
    order = ["time_exchange", "instrument", "side", "price", "amount", "snapshot", "sequence", "previous_sequence"]
    tape = _frame(times[which], instrument, price, size).with_columns(side=pl.Series(taker.astype(np.int8)))
    return depth.select(order), tape


def _frame(times: Any, instrument: str, ticks: Any, amount: Any) -> pl.DataFrame:
    names = pl.Series([instrument], dtype=pl.Enum([instrument])).gather(np.zeros(len(ticks), np.uint32))
    columns = {"instrument": names, "price": ticks / _CENT, "amount": amount / 10}
    return pl.DataFrame({"time_exchange": pl.Series(times).cast(TIME)} | columns)


class _Market:
    """The book, in ticks and tenths, and all that is drawn beforehand."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.gaps = rng.integers(20_000_000, 380_000_000, n)
        self.kind, self.knows, self.coin = rng.random((3, n)).tolist()
        self.sizes = (1 + rng.geometric(0.1, n)).tolist()
        self.depth = (rng.geometric(0.2, n) - 1).tolist()
        self.value = (_FIRST + 0.5 + np.cumsum(rng.normal(0, 0.25, n))).tolist()
        self.best = {1: _FIRST, -1: _FIRST + 1}
        first = rng.integers(10, 30, 2 * _LEVELS).tolist()
        self.stands: dict[Level, int] = {
            (side, self.best[side] - side * level): first.pop() for side in (1, -1) for level in range(_LEVELS)
        }

    def next(self, k: int) -> tuple[list[tuple[int, int, int]], list[Level]]:
        """What is traded (taker's side, ticks, tenths) and which levels change."""
        size, middle = self.sizes[k], (self.best[1] + self.best[-1]) / 2
        side = 1 if self.coin[k] < 0.5 else -1
        if self.kind[k] < _TAKEN:
            towards = 1 if self.value[k] > middle else -1
            return self._take(towards if self.knows[k] < _KNOWING else side, 2 * size)
        level = side, self.best[side] - side * min(self.depth[k], _LEVELS - 1)
        if self.kind[k] < _ADDED:
            spread = self.best[-1] - self.best[1]
            if spread > 1 and self.depth[k] < spread and side * (self.value[k] - middle) > 0:
                self.best[side] += side * (spread // 2)  # where the value lies, somebody goes before the best
                level = side, self.best[side]
            self.stands[level] = self.stands.get(level, 0) + size
            return [], [level]
        there = self.stands.get(level, 0)
        if there > size:
            self.stands[level] = there - size
        elif level[1] != self.best[side]:
            self.stands.pop(level, None)
        return [], [level]

    def _take(self, side: int, size: int) -> tuple[list[tuple[int, int, int]], list[Level]]:
        """Walk the levels of the other side, which gets a new one at its far end for each that is gone."""
        trades, changed = [], []
        while size > 0:
            level = -side, self.best[-side]
            there = self.stands.get(level, 0)
            got = min(size, there)
            if got:
                trades.append((side, level[1], got))
                changed.append(level)
                size -= got
            if got < there:
                self.stands[level] = there - got
                break
            self.stands.pop(level, None)
            far = -side, self.best[-side] + side * _LEVELS
            if far not in self.stands:
                self.stands[far] = 15
                changed.append(far)
            while (-side, self.best[-side]) not in self.stands:
                self.best[-side] += side
        return trades, changed
