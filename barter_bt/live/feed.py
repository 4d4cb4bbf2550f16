"""Market data that comes while a loop runs: the cursors of a backtest over rows that are still to come.

A cursor that has read all there is by now is *idle*: due later than everything but the end, so that the loop goes on
with what else is due, up to the clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from barter_bt.backtest.feeder import KINDS, Feeder
from barter_bt.data import Stream
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.feed import TRADE_ROWS, Cursors, advance
from barter_bt.protocol import (
    EngineEvent,
    Level,
    Market,
    MarketEvent,
    OrderBookL1,
    PublicTrade,
    Side,
    from_json,
    to_json,
)

IDLE = NEVER - 1
Row = tuple[int, int, tuple[float, ...], Market]


class LiveFeed(Feeder):
    """Feeds rows of trades and quotes as they come.

    Parameters
    ----------
    streams
        Kinds of what will come, in the order of rule 10; their rows are not read.
    """

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams, self._count = streams, len(streams)
        self.cursors, self.total_rows = Cursors(2 * self._count), 0
        self._rows: list[deque[Row]] = [deque() for _ in range(2 * self._count)]
        self._given: list[list[Row]] = [[] for _ in range(2 * self._count)]
        self._passed = [0] * (2 * self._count)
        self._ended = False
        for c in range(2 * self._count):
            self.cursors.kind[c] = KINDS[streams[c % self._count].kind]
            self._give(c, c)

    def push(self, item: MarketEvent, i: int, now: int, event: Market) -> bool:
        """Take an item that arrives now, for venue and engine; False if it is of no kind that fills orders."""
        kind = {PublicTrade: "trades", OrderBookL1: "quotes"}.get(type(item.kind))
        stream = next((s for s, one in enumerate(self._streams) if one.kind == kind), None)
        if stream is None:
            return False
        row = (now, i, _values(item.kind), event)
        self.total_rows += 1
        for c in (stream, stream + self._count):
            self._rows[c].append(row)
            if self.cursors.due[c] == IDLE:
                self.feed(c)
        return True

    def rest(self) -> list[list[tuple[int, str]]]:
        """Of each cursor what it has not read, and when that came."""
        f = self.cursors
        left = [[*self._given[c][f.row[c] :], *self._rows[c]] for c in range(2 * self._count)]
        return [[(now, to_json(event, EngineEvent)) for now, _, _, event in rows] for rows in left]

    def give_again(self, told: Sequence[Sequence[tuple[int, str]]], codes: Mapping[str, int]) -> None:
        """Take what :meth:`rest` gave, in a program in which nothing has come yet."""
        for c, rows in enumerate(told):
            for now, text in rows:
                event = from_json(EngineEvent, text)
                item = event.event.value
                self._rows[c].append((now, codes[item.instrument], _values(item.kind), event))
            self.feed(c)

    def seek(self, places: Sequence[int]) -> None:
        """Nothing: what came before is not there any more."""

    def end(self) -> None:
        """Nothing more will come."""
        self._ended = True
        for c in range(2 * self._count):
            if self.cursors.due[c] == IDLE:
                self.feed(c)

    def feed(self, c: int) -> None:
        """Give a cursor what has come, or let it be idle."""
        self._passed[c] += self.cursors.rows[c]
        self._give(c, self.cursors.chunk[c] + 2 * self._count)  # never that of its twin, whose rows are others

    def _give(self, c: int, number: int) -> None:
        f, rows = self.cursors, list(self._rows[c])
        self._rows[c].clear()
        self._given[c] = rows
        f.chunk[c], f.rows[c], f.last[c], f.same_clock[c] = number, len(rows), int(self._ended), 1
        if rows:
            time = np.array([row[0] for row in rows], np.int64)
            f.point("time", c, time)
            f.point("time_exchange", c, time)
            f.point("instrument", c, np.array([row[1] for row in rows], np.int32))
            values = np.array([row[2] for row in rows], np.float64)
            width = 2 if f.kind[c] == TRADE_ROWS else 4
            for name, k in zip(("first", "second", "third", "fourth"), range(width), strict=False):
                f.point(name, c, np.ascontiguousarray(values[:, k]))
            if f.kind[c] == TRADE_ROWS:
                f.point("flags", c, values[:, 2].astype(np.int8))
        advance(f, c, 0)
        if not rows and not self._ended:
            f.due[c] = IDLE

    def event(self, c: int, row: int) -> Market:
        """What arrived with a row of a cursor."""
        return self._given[c][row][3]

    def places(self) -> list[int]:
        """Rows that each cursor has passed."""
        return [self._passed[c] + self.cursors.row[c] for c in range(2 * self._count)]

    def place(self, c: int, row: int) -> tuple[str, dict[str, float]]:
        """What a row was, for messages."""
        rows = self._given[c]
        return (f"{rows[row][3]}" if row < len(rows) else self.stream_of(c).name), {}

    def stream_of(self, c: int) -> Stream:
        """The stream that a cursor reads."""
        return self._streams[c % self._count]

    def is_venue_time(self, c: int) -> bool:
        """Whether a cursor goes by the venue's clock."""
        return c < self._count


def _values(kind: Any) -> tuple[float, ...]:
    if isinstance(kind, PublicTrade):
        return kind.price, kind.amount, 1.0 if kind.side == Side.BUY else -1.0
    return (*_side(kind.best_bid), *_side(kind.best_ask))


def _side(level: Level | None) -> tuple[float, float]:
    return (0.0, 0.0) if level is None else (float(level.price), float(level.amount))
