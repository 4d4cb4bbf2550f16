"""The canonical columns of each kind of market event.

Every reader ends here: whatever a user's frame calls its columns and however it stores them,
an event stream has these names and types.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import polars as pl

Kind = Literal["trades", "quotes", "candles", "book", "book_orders"]

TIME = pl.Datetime("ns", "UTC")
TIME_NAMES = ("time_exchange", "time_received", "time_open")
UNTYPED = (pl.String, pl.Categorical, pl.Null)  # what a column without values is read as


class Schema(NamedTuple):
    """The columns of one kind of event, beside ``instrument``.

    Parameters
    ----------
    kind
        ``"trades"``, ``"quotes"``, ``"candles"``, ``"book"`` or ``"book_orders"``.
    floats
        Required float64 columns.
    optional
        Columns that are filled with zeros when absent, or (times) left out.
    prices
        The columns among ``floats`` that are prices.
    amounts
        The columns that are amounts.
    codes
        Required columns of whole numbers: sides, actions, ids.
    """

    kind: Kind
    floats: tuple[str, ...]
    optional: tuple[str, ...]
    prices: tuple[str, ...]
    amounts: tuple[str, ...]
    codes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that this kind may have, in canonical order.

        Examples
        --------
        >>> SCHEMAS["trades"].names
        ('time_exchange', 'time_received', 'instrument', 'price', 'amount', 'side')
        """
        times = ("time_exchange", "time_received") + (("time_open",) if self.kind == "candles" else ())
        extra = tuple(name for name in self.optional if name not in self.floats and name != "time_received")
        return (*times, "instrument", *self.floats, *self.codes, *extra)


SCHEMAS: dict[str, Schema] = {
    "trades": Schema("trades", ("price", "amount"), ("time_received", "side"), ("price",), ("amount",)),
    "quotes": Schema(
        "quotes",
        ("bid_price", "bid_amount", "ask_price", "ask_amount"),
        ("time_received",),
        ("bid_price", "ask_price"),
        ("bid_amount", "ask_amount"),
    ),
    "candles": Schema(
        "candles",
        ("open", "high", "low", "close", "volume"),
        ("time_received", "volume"),
        ("open", "high", "low", "close"),
        ("volume",),
    ),
    "book": Schema(
        "book",
        ("price", "amount"),
        ("time_received", "snapshot", "sequence", "previous_sequence"),
        ("price",),
        ("amount",),
        ("side",),
    ),
    "book_orders": Schema(
        "book_orders",
        ("price", "amount"),
        ("time_received", "snapshot", "sequence", "previous_sequence"),
        ("price",),
        ("amount",),
        ("side", "order_id", "action"),
    ),
}
PRICES = ("trades", "quotes", "candles")  # kinds whose prices may be adjusted (rule 108)
BOOKS = ("book", "book_orders")  # kinds whose rows are of messages about a book

NUMBERS = ("sequence", "previous_sequence")  # what numbers messages: int64, and in all sources of a stream or in none

ALIASES: dict[str, dict[str, str]] = {"candles": {"time_close": "time_exchange"}}
