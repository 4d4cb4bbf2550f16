"""The middle of the market of one instrument over time: of its book, else its quotes, else its last prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from barter_bt.backtest.prices import EVER, MarketPrices
from barter_bt.data.books import rebuild_books
from barter_bt.statistic.tables import Integers, nanoseconds

NOT_YET = -1


@dataclass(frozen=True)
class Mids:
    """Twice the middle in ticks, from each of some times on.

    Parameters
    ----------
    times
        Nanoseconds at the exchange, ascending.
    doubled
        Best bid plus best ask, in ticks; of last prices twice the price.
    """

    times: Integers
    doubled: Integers

    def rows_at(self, times: Integers, *, before: Any = False) -> Integers:
        """Row of the last middle at each of some times, strictly before it where ``before``; ``NOT_YET`` for none."""
        at = np.searchsorted(self.times, times, side="right") - 1
        earlier = np.searchsorted(self.times, times, side="left") - 1
        return np.where(before, earlier, at).astype(np.int64)


def mids_of(name: str, market: Sequence[Any], tick: Decimal, codes: Mapping[str, int], names: Sequence[str]) -> Mids:
    """The middles of an instrument in the streams that its venue deals on."""
    mine = [stream for stream in market if codes[name] in {codes[each] for each in stream.instruments}]
    for pieces in (_of_books(mine, name, tick, codes), _of_quotes(mine, name, tick, codes, names)):
        found = list(pieces)
        if found:
            return _in_order(found)
    plain = MarketPrices([stream for stream in mine if stream.kind in ("trades", "candles")], codes, names)
    prices = [(times, 2 * _ticks(price, tick)) for _, times, price in plain.by_instrument([name], EVER)]
    return _in_order(prices or [(np.empty(0, np.int64), np.empty(0, np.int64))])


def _of_books(
    streams: Sequence[Any], name: str, tick: Decimal, codes: Mapping[str, int]
) -> Iterator[tuple[Integers, Integers]]:
    for stream in streams:
        if stream.kind == "book":
            own = [each for each in stream.instruments if codes[each] == codes[name]]
            shown = pl.col("state").cast(pl.String).is_in(["normal", "locked"])
            best = rebuild_books(stream, price_increment=str(tick))
            best = best.filter(pl.col("instrument").cast(pl.String).is_in(own) & shown)
            bid, ask = (_ticks(best[f"{side}_price_1"].to_numpy(), tick) for side in ("bid", "ask"))
            yield nanoseconds(best["time_exchange"]), bid + ask


def _of_quotes(
    streams: Sequence[Any], name: str, tick: Decimal, codes: Mapping[str, int], names: Sequence[str]
) -> Iterator[tuple[Integers, Integers]]:
    def pick(_: str, columns: Mapping[str, Any]) -> tuple[Any, ...]:
        there = (columns["bid_amount"] > 0) & (columns["ask_amount"] > 0)
        both = columns["bid_price"], np.where(there, columns["ask_price"], np.nan)
        return columns["time_exchange"], *both

    quotes = MarketPrices([stream for stream in streams if stream.kind == "quotes"], codes, names)
    for _, _, (times, bid, ask) in quotes.pieces([name], EVER, pick):
        yield times, _ticks(bid, tick) + _ticks(ask, tick)


def _ticks(prices: Any, tick: Decimal) -> Integers:
    found: Integers = np.floor(prices / float(tick) + 0.5).astype(np.int64)
    return found


def _in_order(pieces: Sequence[tuple[Integers, Integers]]) -> Mids:
    times, doubled = (np.concatenate([piece[k] for piece in pieces]) for k in (0, 1))
    order = np.argsort(times, kind="stable")
    return Mids(times[order], doubled[order])
