"""A quick look at a piece: whether it is plainly without an error.

It only vouches for a piece. What it does not vouch for is judged by the rules (``rules.py``, ``sequence.py``),
which alone say what an error is; a test holds that it never vouches for what they find bad.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from barter_bt.book.by_order import ADD, CLEAR, EXECUTE, MODIFY
from barter_bt.data.history import Closed

BLOCK_ROWS = 1 << 17  # rows that stay in the cache for several looks; with fewer the calls themselves cost
_INFINITE = np.inf
_1980_NS = 315_532_800_000_000_000
_1971_NS = 31_536_000_000_000_000
_TIMES = ("time_exchange", "time_received")

Columns = Mapping[str, np.ndarray]


def is_sound(kind: str, columns: Columns, last: Mapping[str, int], closed: Closed | None) -> bool:
    """Whether the rows of a piece are certainly good.

    Parameters
    ----------
    kind
        Kind of the stream.
    columns
        Canonical columns without nulls.
    last
        Times of the row before, by name; empty before the first.
    closed
        Of candles, the close of the one before of the same instrument.

    Examples
    --------
    >>> one = {"time_exchange": np.array([1, 2]), "price": np.array([1.0, 2.0]), "amount": np.array([1.0, 1.0])}
    >>> is_sound("trades", one, {}, None), is_sound("trades", one, {"time_exchange": 2}, None)
    (True, False)
    """
    if leaps(columns, last) or not (closed is None or _opens_after(columns["time_open"], closed)):
        return False
    for start in range(0, len(columns["time_exchange"]), BLOCK_ROWS):
        block = {name: values[start : start + BLOCK_ROWS] for name, values in columns.items()}
        if not _is_sound(kind, block, last):
            return False
        last = {name: int(block[name][-1]) for name in _TIMES if name in block}
    return True


def _is_sound(kind: str, columns: Columns, last: Mapping[str, int]) -> bool:
    if not all(_in_order(columns[name], last.get(name)) for name in _TIMES if name in columns):
        return False
    if "time_received" in columns and not (columns["time_received"] >= columns["time_exchange"]).all():
        return False
    return _OF_KIND[kind](columns)


def in_order(time: np.ndarray, last: int | None) -> bool:
    """Whether times do not go back, neither from row to row nor behind the last before them."""
    starts = range(0, len(time), BLOCK_ROWS)
    lasts = (last if start == 0 else time[start - 1] for start in starts)
    return all(_in_order(time[start : start + BLOCK_ROWS], each) for start, each in zip(starts, lasts, strict=True))


def _in_order(time: np.ndarray, last: int | None) -> bool:
    return bool((last is None or time[0] >= last) and (time[1:] >= time[:-1]).all())


def leaps(columns: Columns, last: Mapping[str, int]) -> bool:
    """Whether times, if they are in order, go from 1970 to long after it: the unit may have changed."""
    time = columns["time_exchange"]
    first = min(int(time[0]), last.get("time_exchange", int(time[0])))
    return first <= _1971_NS and int(time[-1]) > _1980_NS


def _trades(columns: Columns) -> bool:
    side = columns.get("side")
    fair = side is None or (side.min() >= -1 and side.max() <= 1)
    return bool(fair and _positive(columns["price"]) and _positive(columns["amount"]))


def _book(columns: Columns) -> bool:
    side = columns["side"]
    fair = side.min() >= -1 and side.max() <= 1 and bool((side != 0).all())
    return fair and _positive(columns["price"]) and _not_negative(columns["amount"])


def _orders(columns: Columns) -> bool:
    action, side, added = columns["action"], columns["side"], columns["action"] == ADD
    fair = side.min() >= -1 and side.max() <= 1 and bool((side[added] != 0).all())
    named = action[columns["snapshot"] != 0] if "snapshot" in columns else action[:0]
    fair = fair and bool(np.isin(named, (ADD, CLEAR)).all())
    amounts = columns["amount"], columns["amount"][added | (action == MODIFY) | (action == EXECUTE)]
    return bool(
        fair
        and _not_negative(columns["price"])
        and _positive(columns["price"][added])
        and _not_negative(amounts[0])
        and _positive(amounts[1])
    )


def _quotes(columns: Columns) -> bool:
    bid, bid_amount = columns["bid_price"], columns["bid_amount"]
    ask, ask_amount = columns["ask_price"], columns["ask_amount"]
    if not (_not_negative(bid_amount) and _not_negative(ask_amount)):
        return False
    if not bid_amount.min() > 0.0 or not ask_amount.min() > 0.0:  # the price of an empty side says nothing
        both = (bid_amount > 0.0) & (ask_amount > 0.0)
        rows = bid[bid_amount > 0.0], ask[ask_amount > 0.0]
        return all(_positive(price) for price in rows) and bool((bid[both] <= ask[both]).all())
    return _positive(bid) and _positive(ask) and bool((bid <= ask).all())


def _opens_after(opened: np.ndarray, closed: Closed) -> bool:
    """Whether each candle opens at or after the close of the one before of its instrument."""
    first, rest = closed
    later = opened[len(first) :]
    return bool((opened[: len(first)] >= first).all()) and all(
        (later[start : start + BLOCK_ROWS] >= rest[start : start + BLOCK_ROWS]).all()
        for start in range(0, len(later), BLOCK_ROWS)
    )


def _candles(columns: Columns) -> bool:
    high, low = columns["high"], columns["low"]
    inside = all(
        (low <= columns[name]).all() and (columns[name] <= high).all()  # also False for NaN
        for name in ("open", "close")
    )
    return bool(
        inside
        and low.min() > 0.0
        and high.max() < _INFINITE
        and _not_negative(columns["volume"])
        and (columns["time_open"] < columns["time_exchange"]).all()
    )


def _positive(values: np.ndarray) -> bool:
    return not len(values) or bool(values.min() > 0.0 and values.max() < _INFINITE)


def _not_negative(values: np.ndarray) -> bool:
    return bool(values.min() >= 0.0 and values.max() < _INFINITE)


_OF_KIND = {"trades": _trades, "quotes": _quotes, "candles": _candles, "book": _book, "book_orders": _orders}
