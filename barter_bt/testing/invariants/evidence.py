"""What holds of fill prices: the market was there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from barter_bt.backtest import Result
from barter_bt.data.market import dealt_on
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import EXERCISE, LIMIT, NO_TIME, THIS_CLOSE
from barter_bt.statistic.tables import nanoseconds
from barter_bt.testing.invariants.amended import Amended
from barter_bt.testing.invariants.book_evidence import BookHistory
from barter_bt.testing.invariants.journal import Row, fail, place, rows, state_of
from barter_bt.testing.invariants.replay import Split, rhe, splits_of
from barter_bt.venue.state import BOOK, CANDLES, QUOTES, TRADES

Integers = npt.NDArray[np.int64]
_KINDS: Final = {QUOTES: "quotes", TRADES: "trades", CANDLES: "candles", BOOK: "trades and levels of the book"}
_FAR: Final = 1 << 62


def assert_fills_within_evidence(result: Result) -> None:
    """Every fill is at a price that the market had at its time, in the events that fill such orders (rules 14 to 16).

    One that takes: at the price of a trade of that time (of the last, if it asks for ``this_close``), at the opposite
    side of the standing quote, at a level of the book, at an open or a close, or inside the range of a candle that
    triggered it (rule 30). One that made: at its limit, which a trade, the opposite side, or the range of a candle
    reached at that time. Where orders that take slip (rule 39), at no better. What the venue does by itself (rules 43,
    46, 64 and 65), and what is exercised, is not looked at.

    Raises
    ------
    AssertionError
        With the row of the trades, its price and those of the market, in ticks.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_fills_within_evidence(bt.testing.run_prices([9, 8], bt.testing.schedule({"at": 60, "buy": 1})))
    """
    state = state_of(result)
    orders, terms, amended = rows(state.orders), rows(result.venue.fill_terms), Amended(result)
    books = [name for stream in result.market if stream.is_book for name in stream.instruments]
    with_books = {result.index.codes[name] for name in books}
    market = cache(lambda i, kind: _MARKETS[kind](result, i))
    for number, trade in enumerate(rows(state.trades)):
        i, where = trade["instrument"], place(result, "trades", number, trade)
        takes, rests, order = terms[i]["taker_fills_on"], terms[i]["maker_fills_on"], orders[trade["order"]]
        takes = BOOK if i in with_books and takes == QUOTES else takes
        rests = BOOK if i in with_books and rests == QUOTES else rests
        if order["time_sent"] == NO_TIME or order["kind"] == EXERCISE:
            continue
        if trade["maker"]:
            limits = amended.limits(trade["order"], order, trade)
            _expect_made(trade, limits, market(i, rests), bool(terms[i]["touch"]), where, _KINDS[rests])
            continue
        kinds = {takes, rests} if rests == CANDLES and order["kind"] == LIMIT else {takes}  # which takes at an open
        prices = [p for kind in kinds for p in market(i, kind).taken(trade["time_exchange"], trade["side"])]
        if terms[i]["fills_beyond"]:
            prices += [max(price + trade["side"], 1) for price in prices]
        if order["candle_fill"] == THIS_CLOSE:
            prices += market(i, takes).before(trade["time_exchange"])
        inside = order["time_triggered"] == trade["time_exchange"] and market(i, takes).spans(trade["time_exchange"])
        if terms[i]["slips"]:
            prices += [end for span in inside or [] for end in span]
            known = any(trade["side"] * (trade["price"] - price) >= 0 for price in prices)
        else:
            known = trade["price"] in prices or any(low <= trade["price"] <= high for low, high in inside or [])
        if not known:
            named = " or ".join(_KINDS[kind] for kind in sorted(kinds))
            fail(where, f"price {trade['price']} is none of the {named} then, in ticks: {_some(prices)}")


def _expect_made(trade: Row, limits: list[int], market: _Market, touch: bool, where: str, kind: str) -> None:
    if trade["price"] not in limits:
        named = " or ".join(map(str, limits))
        fail(where, f"price {trade['price']} of a maker is not its limit {named}, in ticks")
    through, at = market.reached(trade["time_exchange"], trade["side"])
    limit, side = trade["price"], trade["side"]
    reaches = any(side * (price - limit) <= 0 for price in at)
    passes = any(side * (price - limit) < (1 if touch else 0) for price in through)
    if not (reaches or passes):
        fail(where, f"the {kind} then do not reach the limit {limit}, in ticks: {_some([*through, *at])}")


def _some(prices: list[int]) -> str:
    return ", ".join(map(str, prices[:10])) or "there are none"


@dataclass(frozen=True)
class _Market:
    """What the events of one kind offer: prices by time, for orders that take and for those that rest."""

    taken: Callable[[int, int], list[int]]
    reached: Callable[[int, int], tuple[list[int], list[int]]]  # what must be gone through, what is enough to be met
    before: Callable[[int], list[int]] = lambda _: []  # of the last trade until then
    spans: Callable[[int], list[tuple[int, int]]] = lambda _: []  # lows and highs between which any price was there


def _columns(result: Result, i: int, kind: str, names: tuple[str, ...]) -> dict[str, Integers]:
    """Times and prices in ticks of one instrument, over all streams of a kind, by venue time."""
    found = []
    for stream in dealt_on(result.market):
        mine = [name for name in stream.instruments if result.index.codes.get(name) == i]
        ends_early = stream.seen_by == "venue" or result.state.engine.shut[0]  # with the engine's (rules 22 and 78)
        if stream.kind == kind and mine:
            frame = stream.frame().filter(pl.col("instrument").cast(pl.String).is_in(mine)).collect()
            if ends_early and not result.partial:
                frame = _until(frame, result.state.engine.market_time[0])
            found.append(frame.select("time_exchange", *names))
    if not found:
        return {name: np.empty(0, np.int64) for name in ("time_exchange", *names)}
    frame = pl.concat(found).sort("time_exchange", maintain_order=True)
    terms = result.state.terms
    return {name: _integers(frame[name], terms.ticks_per_unit[i], terms.zero[i]) for name in frame.columns}


def _until(frame: pl.DataFrame, end: int) -> pl.DataFrame:
    """What happens up to a time; of a candle that closes later its open alone, for nobody has seen its close."""
    closes, opens = pl.col("time_exchange"), "time_open" if "time_open" in frame.columns else "time_exchange"
    seen = frame.filter(pl.col(opens).to_physical() <= end)
    unseen = pl.lit(NEVER).cast(frame.schema["time_exchange"])
    return seen.with_columns(pl.when(closes.to_physical() <= end).then(closes).otherwise(unseen))


def _integers(column: pl.Series, per_unit: float, zero: int) -> Integers:
    if isinstance(column.dtype, pl.Datetime):
        return nanoseconds(column)
    if "amount" in column.name:
        return (column.to_numpy() > 0).astype(np.int64)
    values = np.nan_to_num(column.to_numpy() * per_unit, nan=0.0)
    return np.floor(values + 0.5).astype(np.int64) + zero


def _at(times: Integers, prices: Integers, time: int) -> list[int]:
    first, end = np.searchsorted(times, time), np.searchsorted(times, time, side="right")
    found: list[int] = prices[first:end].tolist()
    return found


def _trades(result: Result, i: int) -> _Market:
    columns: Any = _columns(result, i, "trades", ("price",))
    times, prices = columns["time_exchange"], columns["price"]

    def before(time: int) -> list[int]:
        rows = int(np.searchsorted(times, time, side="right"))
        return _at(times, prices, int(times[rows - 1])) if rows else []

    return _Market(lambda time, _: _at(times, prices, time), lambda time, _: (_at(times, prices, time), []), before)


def _quotes(result: Result, i: int) -> _Market:
    """An empty side offers nothing."""
    c: Any = _columns(result, i, "quotes", ("bid_price", "bid_amount", "ask_price", "ask_amount"))
    times = c["time_exchange"]
    side_of = {
        1: np.where(c["ask_amount"] > 0, c["ask_price"], _FAR),
        -1: np.where(c["bid_amount"] > 0, c["bid_price"], -_FAR),
    }

    def standing(time: int, side: int) -> list[int]:
        before = int(np.searchsorted(times, time))
        earlier = _at(times, side_of[side], int(times[before - 1])) if before else []
        split = [one for one in splits_of(result) if one.instrument == i and one.time <= time]
        last = int(np.searchsorted(times, split[-1].time, side="right")) if split else 0
        if last and last >= before:  # no quote since; where there were several splits, between the quote and now
            since = int(times[last - 1])
            earlier += _split(_at(times, side_of[side], since), [one for one in split if one.time >= since], side)
        return [price for price in earlier + _at(times, side_of[side], time) if abs(price) < _FAR]

    return _Market(standing, lambda time, side: ([], _at(times, side_of[side], time)))


def _split(prices: list[int], splits: list[Split], side: int) -> list[int]:
    """Asks are rounded up, bids down; of each price those after one, two, ... splits."""
    found = []
    for one in splits:
        prices = [max(-(-price // one.ratio) if side > 0 else price // one.ratio, 1) for price in prices]
        found += prices
    return found


def _candles(result: Result, i: int) -> _Market:
    """Opens by the time at which candles open, closes and ranges by that of the close."""
    c: Any = _columns(result, i, "candles", ("time_open", "open", "high", "low", "close"))
    order = np.argsort(c["time_open"], kind="stable")
    opening, opens = c["time_open"][order], c["open"][order]
    closing, best = c["time_exchange"], {1: c["low"], -1: c["high"]}

    def taken(time: int, _: int) -> list[int]:
        now = [one for one in splits_of(result) if one.instrument == i and one.time == time]
        closes = _at(closing, c["close"], time)
        split = [max(rhe(price / one.ratio), 1) for one in now for price in closes]
        return _at(opening, opens, time) + closes + split

    def spans(time: int) -> list[tuple[int, int]]:
        return list(zip(_at(closing, c["low"], time), _at(closing, c["high"], time), strict=True))

    return _Market(taken, lambda time, side: (_at(closing, best[side], time), _at(opening, opens, time)), spans=spans)


def _books(result: Result, i: int) -> _Market:
    """Levels offer their prices; who rests is met by trades at its price, too."""
    book, trades = BookHistory(result, i), _trades(result, i)
    return _Market(book.standing, lambda time, side: ([], trades.taken(time, side) + book.set_then(time, side)))


_MARKETS: Final = {TRADES: _trades, QUOTES: _quotes, CANDLES: _candles, BOOK: _books}
