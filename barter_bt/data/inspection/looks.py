"""What is looked for, in words: every check with its formula and the unit of its values."""

from __future__ import annotations

from typing import NamedTuple

BOOK_KINDS = ("book", "book_orders")
ALL = ("trades", "quotes", "candles", *BOOK_KINDS)


class Look(NamedTuple):
    """One check."""

    kinds: tuple[str, ...]
    what: str
    unit: str = ""


LOOKS = {
    "null": Look(ALL, "a value is missing, or cannot be held exactly"),
    "not_finite": Look(ALL, "a price or an amount is NaN or infinite"),
    "not_positive": Look(ALL, "a price, or the amount of a trade, is 0 or below"),
    "negative": Look(("quotes", "candles", *BOOK_KINDS), "an amount, or the price of a row that adds no order, is < 0"),
    "side": Look(("trades", *BOOK_KINDS), "a side is none of +1, -1 and 0, or 0 of an order that is added"),
    "snapshot": Look(("book_orders",), "a row of a snapshot does neither add an order nor clear the book"),
    "high": Look(("candles",), "the high is below open or close"),
    "low": Look(("candles",), "the low is above open or close"),
    "open_after_close": Look(("candles",), "a candle does not open before it closes"),
    "overlap": Look(("candles",), "a candle opens before the one before of its instrument has closed"),
    "time_back": Look(ALL, "a time is before that of the row above; by how much", "s"),
    "time_unit": Look(ALL, "times leap from 1970 to the present: rows count different units"),
    "duplicate": Look(
        ALL, "a row equals an earlier one in every column; of candles, the one before closed at the same time"
    ),
    "latency": Look(ALL, "a row arrived before it happened: time_exchange - time_received > 0", "s"),
    "late": Look(ALL, "a row arrived long after it happened: time_received - time_exchange > max_latency", "s"),
    "closed": Look(ALL, "a row at a time at which the calendar has no session"),
    "gap": Look(
        ALL,
        "the market was open without rows: open time between a row and the one before of its instrument, of candles "
        "from close to open; more than max_gap, of candles more than 0",
        "s",
    ),
    "outlier": Look(
        ("trades", "quotes", "candles"),
        "|r| / s > outlier, with r = ln(p / p before) of trades, mids or closes and s = 1.4826 x median of |r| where "
        "r is not 0; the way back from such a price is not counted",
        "steps",
    ),
    "wick": Look(
        ("candles",), "high or low are further from open and close than outlier x s, on a scale of logarithms", "steps"
    ),
    "stale": Look(
        ("trades", "quotes", "candles"),
        "prices (of quotes amounts too) repeat those of the row before, in at least stale_rows rows and for at least "
        "stale of open time",
        "s",
    ),
    "zero_volume": Look(("candles",), "nothing was traded in a candle"),
    "empty_side": Look(("quotes",), "nothing stands at the bid or at the ask"),
    "crossed": Look(("quotes", *BOOK_KINDS), "the bid is above the ask: bid - ask"),
    "locked": Look(("quotes", *BOOK_KINDS), "the bid equals the ask"),
    "missing_message": Look(BOOK_KINDS, "a message comes after one that is missing, by their numbers"),
    "old_message": Look(BOOK_KINDS, "a row is of a message whose number is not above that of the one before"),
    "unknown_book": Look(BOOK_KINDS, "a message of a book that has no snapshot yet, or not since a missing message"),
    "unknown_order": Look(("book_orders",), "a row names an order that is not in the book"),
    "order_reused": Look(("book_orders",), "a row adds an order whose id is in the book already"),
    "order_amount": Look(("book_orders",), "an amount is no whole number of 1e-8, or too large: the amount"),
    "too_much": Look(("book_orders",), "a row takes more than its order has left: the amount"),
    "other_side": Look(("book_orders",), "a row has another side than its order"),
    "other_price": Look(("book_orders",), "a row takes from an order at another price than that of the order"),
}
"""Name to check. What a run refuses is named as in :func:`~barter_bt.data.check`."""
