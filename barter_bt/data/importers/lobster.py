"""LOBSTER's files of Nasdaq: a message file of order events, and an order book file with the book behind each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from barter_bt.data.importers.importer import Asked, Imported, Importer
from barter_bt.data.importers.levels import of_depth
from barter_bt.data.importers.parsing import FLOAT, INT, TEXT, content, day_of, decimal_ns, divided, of_day, table
from barter_bt.errors import DataError

_MESSAGES = {"time": TEXT, "type": INT, "id": INT, "size": FLOAT, "price": FLOAT, "direction": INT}
_SUBMITTED, _REDUCED, _DELETED, _EXECUTED = 1, 2, 3, 4
_BEST = [f"{side}_{what}" for side in ("ask", "bid") for what in ("price", "amount")]
_NOBODY = 0  # the amount of a level that is empty
Level = tuple[int, float]
Row = tuple[int, str, int, int, float, float, bool]


def _messages(path: Path) -> pl.DataFrame:
    member = "_message_" if path.suffix.lower() == ".zip" else None
    at = of_day(decimal_ns("time"), day_of(path), "America/New_York").alias("time_exchange")
    return table(path, _MESSAGES, header="never", data=content(path, member)).with_columns(at)


def _trades(path: Path, asked: Asked) -> Imported:
    trades = _messages(path).filter(pl.col("type").is_in([4, 5]))
    taker = (-pl.col("direction")).cast(pl.Int8).alias("side")
    return Imported(trades.select("time_exchange", divided("price", 10_000), taker, amount="size"))


def _both(path: Path, what: str) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """The messages, the levels behind each, named ``ask_price_1`` and so on, and how many there are of a side."""
    if path.suffix.lower() != ".zip":
        raise DataError(
            f"{path.name}: {what} need the message and the order book file", "give the .zip that holds both"
        )
    data = content(path, "_orderbook_")
    levels = (data[: data.find(b"\n")].count(b",") + 1) // 4
    columns = {f"{one}_{n}": FLOAT for n in range(1, levels + 1) for one in _BEST}
    book, messages = table(path, columns, header="never", data=data), _messages(path)
    if book.height != messages.height:
        raise DataError(
            f"{path.name}: {messages.height} messages and {book.height} states of the book; they must be equal"
        )
    return messages, book, levels


def _changed(states: pl.DataFrame, names: list[str], what: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows in which one of some columns is another than above."""
    differs = pl.any_horizontal(pl.col(name) != pl.col(name).shift(1) for name in names).fill_null(True)
    kept = states.filter(differs)
    return kept, (f"{states.height - kept.height} row(s) left out that change nothing {what}",)


def _quotes(path: Path, asked: Asked) -> Imported:
    messages, book, _ = _both(path, "quotes")
    names = [f"{side}_{what}" for side in ("bid", "ask") for what in ("price", "amount")]
    best = book.select(messages["time_exchange"], **{name: pl.col(f"{name}_1") for name in names})
    prices = [divided(name, 10_000) for name in ("bid_price", "ask_price")]
    kept, notes = _changed(best.with_columns(prices), names, "at the best prices")
    return Imported(kept, notes)


def _book(path: Path, asked: Asked) -> Imported:
    messages, book, levels = _both(path, "books")
    kept, notes = _changed(book.with_columns(messages["time_exchange"]), book.columns, "of the book")
    numbers = range(1, levels + 1)
    priced = kept.with_columns(divided(f"{side}_price_{n}", 10_000) for side in ("bid", "ask") for n in numbers)
    sides = ((1, "bid"), (-1, "ask"))
    columns = [(side, f"{called}_price_{n}", f"{called}_amount_{n}") for side, called in sides for n in numbers]
    return Imported(of_depth(priced, ("time_exchange",), columns), notes)


class _Window:
    """The orders of the levels that the order book file shows.

    What is there before its order was told is an order of nobody, one for each level: from the first row, or because
    its level came into the window from outside. Orders of levels that leave the window are forgotten.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._orders: dict[int, tuple[int, float, float]] = {}
        self._levels: dict[Level, dict[int, float]] = {}  # by side and price: what each order has
        self._ids = 0
        self.unknown = 0  # events of orders that were not told
        self.outside = 0  # levels that came from there

    def event(self, kind: int, number: int, size: float, price: float, side: int) -> Iterator[tuple[str, int, float]]:
        """What a message does: an action, the order and the amount."""
        level = self._levels.get((side, price))
        if kind == _SUBMITTED:
            self._levels.setdefault((side, price), {})[number] = size
            yield "add", number, size
        elif kind in (_REDUCED, _DELETED, _EXECUTED) and level is not None:
            if number not in level:
                self.unknown += 1
                number = next((one for one in level if one < 0), number)
            if level.get(number, 0.0) < size:
                return  # the order book file will say what is left
            level[number] -= size
            if not level[number]:
                del level[number]
            if not level:
                del self._levels[side, price]
            yield "execute" if kind == _EXECUTED else "cancel", number, size

    def adjust(self, shown: dict[Level, float]) -> Iterator[tuple[str, int, int, float, float]]:
        """What makes the levels those that are shown: an action, the order, its side, price and amount."""
        for (side, price), amount in shown.items():
            if (side, price) not in self._levels:
                self._ids -= 1
                self._levels[side, price] = {self._ids: amount}
                self.outside += 1
                yield "add", self._ids, side, price, amount
        for side, price in self._levels.keys() - shown.keys():
            for number in self._levels.pop((side, price)):
                yield "cancel", number, side, price, 0.0

    def differs(self, shown: dict[Level, float]) -> Level | None:
        """The first level whose orders do not add up to what is shown."""
        return next((level for level, amount in shown.items() if sum(self._levels[level].values()) != amount), None)


def _orders(path: Path, asked: Asked) -> Imported:
    messages, book, _ = _both(path, "orders")
    window, rows = _Window(path.name), list[Row]()
    events = messages.select("type", "id", "size", "price", "direction").iter_rows()
    for k, ((kind, number, size, price, side), levels) in enumerate(zip(events, book.iter_rows(), strict=True)):
        pairs = zip(levels[::2], levels[1::2], strict=True)
        shown = {(1 if n % 2 else -1, at): amount for n, (at, amount) in enumerate(pairs) if amount != _NOBODY}
        if k:
            rows += [(k, act, one, side, price, amount, False) for act, one, amount in
                     window.event(kind, number, size, price, side)]  # fmt: skip
        rows += [(k, *each, k == 0) for each in window.adjust(shown)]
        if wrong := window.differs(shown):
            raise DataError(
                f"{path.name}: row {k}: the messages do not make the {wrong[1] / 10_000} of the order book file",
                "are both files of one day, one stock and one number of levels?",
            )
    columns = ("_k", "action", "order_id", "side", "price", "amount", "snapshot")
    types = (pl.Int64, pl.String, pl.Int64, pl.Int8, pl.Float64, pl.Float64, pl.Boolean)
    frame = pl.DataFrame(rows, dict(zip(columns, types, strict=True)), orient="row")
    times = messages["time_exchange"].gather(frame["_k"])
    frame = frame.with_columns(times, divided("price", 10_000), sequence=pl.col("_k") + 1)
    notes = (
        f"{window.unknown} event(s) of orders that were there before the first, as parts of one order for each level",
        f"{window.outside} level(s) that the first row shows or that came from outside the window, of one order each",
    )
    return Imported(frame.drop("_k"), notes)


_LOCAL = "times of day are New York's, the day is in the file's name"
_CENTS = "prices are in hundredths of a cent: divided by 10,000"
_SOURCE = "LOBSTER_SampleFiles_ReadMe.txt of 2013-09-01 and a real file of 2012-06-21"
IMPORTERS = [
    Importer(
        "lobster_trades", "trades", "message file: time (s since midnight),type,id,size,price,direction", _SOURCE,
        (_LOCAL, _CENTS, "types 4 and 5 are executions of visible and hidden orders",
         "direction is that of the resting order: the aggressor is the other side",
         "parts of one aggressor's order are rows of their own"), _trades,
    ),
    Importer(
        "lobster_quotes", "quotes", "order book file: ask price 1,ask size 1,bid price 1,bid size 1,...", _SOURCE,
        (_LOCAL, _CENTS, "rows have no time of their own: they go with the rows of the message file",
         "an empty level has amount 0", "the book after the event, a row where the best of it changed"),
        _quotes,
    ),
    Importer(
        "lobster_book", "book", "order book file: ask price 1,ask size 1,bid price 1,bid size 1,ask price 2,...",
        _SOURCE,
        (_LOCAL, _CENTS, "rows have no time of their own: they go with the rows of the message file",
         "so many levels are all that is known: each row is a snapshot, an empty level is left out"), _book,
    ),
    Importer(
        "lobster_orders", "book_orders", "message file and order book file, row by row", _SOURCE,
        (_LOCAL, _CENTS, "the first row is a snapshot of the book behind it: one order a level, with an id below 0",
         "events outside the levels of the file are not told: a level that comes from there is one order, one that "
         "leaves has no orders any more", "hidden executions (5), crosses (6) and halts (7) change nothing"), _orders,
    ),
]  # fmt: skip
