"""Tiny hand-made markets: times are seconds after the epoch, prices and quantities whole numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import polars as pl

import barter_bt as bt

TIME = pl.Datetime("ns", "UTC")
S = 1_000_000_000

A = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
B = bt.Instrument("x", "b_usd", price_increment=1, quantity_increment=1)
FUTURE = bt.Instrument("x", "f_usd", kind="future", contract_size=10, price_increment=1, quantity_increment=1)


def stamps(seconds: Iterable[float]) -> pl.Series:
    return pl.Series([round(s * S) for s in seconds], dtype=pl.Int64).cast(TIME)


def _frame(rows: Sequence[tuple[Any, ...]], names: tuple[str, ...], instrument: str) -> pl.DataFrame:
    """Rows are values in the order of names, and last the instrument if it is another one."""
    full = [row if len(row) > len(names) else (*row, instrument) for row in rows]
    columns = dict(zip((*names, "instrument"), zip(*full, strict=True), strict=True))
    for name, values in columns.items():
        if name.startswith("time"):
            columns[name] = stamps(values)
        elif name != "instrument":
            columns[name] = pl.Series(values, dtype=pl.Float64)
    return pl.DataFrame(columns)


def trades(*rows: tuple[Any, ...], instrument: str = "a_usd", **options: Any) -> bt.data.Stream:
    """Rows of time, price, amount."""
    return bt.data.trades(_frame(rows, ("time_exchange", "price", "amount"), instrument), **options)


def quotes(*rows: tuple[Any, ...], instrument: str = "a_usd", **options: Any) -> bt.data.Stream:
    """Rows of time, bid, its amount, ask, its amount."""
    names = ("time_exchange", "bid_price", "bid_amount", "ask_price", "ask_amount")
    return bt.data.quotes(_frame(rows, names, instrument), **options)


def candles(*rows: tuple[Any, ...], instrument: str = "a_usd", **options: Any) -> bt.data.Stream:
    """Rows of time of open, time of close, open, high, low, close."""
    names = ("time_open", "time_exchange", "open", "high", "low", "close")
    return bt.data.candles(_frame(rows, names, instrument), **options)


def bars(*prices: tuple[float, float, float, float], instrument: str = "a_usd") -> bt.data.Stream:
    """Candles of ten seconds without gaps from 0, as open, high, low, close."""
    return candles(*((10 * k, 10 * k + 10, *row) for k, row in enumerate(prices)), instrument=instrument)


def flat(*closes: float, instrument: str = "a_usd") -> bt.data.Stream:
    """Candles of ten seconds that each stand at one price."""
    return bars(*((price,) * 4 for price in closes), instrument=instrument)


def schedule(*rows: dict[str, Any], **options: Any) -> bt.Schedule:
    """Rows as dictionaries with ``at`` in seconds, ``buy``, ``sell``, ``target`` or ``cancel``, and ``limit``."""
    made = []
    for row in rows:
        one = {"instrument": row.get("on", "a_usd"), "time": row["at"], "action": "open"}
        one["quantity"] = float(row.get("buy", 0) - row.get("sell", 0))
        if "target" in row:
            one |= {"action": "target", "target": row["target"]}
        if "cancel" in row:
            one |= {"action": "cancel", "ref": row["cancel"]}
        if "limit" in row:
            one["price"] = float(row["limit"])
        made.append(one | {"time_in_force": row.get("tif", "gtc"), "post_only": row.get("post_only", False)})
    names = ("target", "price", "ref")
    given = {name: [one.get(name) for one in made] for name in names if any(name in one for one in made)}
    types = {"target": pl.Float64, "price": pl.Float64, "ref": pl.Int64}
    frame = pl.DataFrame(
        {
            "time": stamps(one["time"] for one in made),
            "action": [one["action"] for one in made],
            "instrument": [one["instrument"] for one in made],
            "quantity": [one["quantity"] for one in made],
            "time_in_force": [one["time_in_force"] for one in made],
            "post_only": [one["post_only"] for one in made],
            **{name: pl.Series(values, dtype=types[name]) for name, values in given.items()},
        }
    )
    return bt.Schedule(frame, **options)


def run(data: Any, strategy: Any, instruments: Any = A, **options: Any) -> bt.Result:
    """An interpreted run with 10,000 usd and nothing else, unless said otherwise."""
    options = {"balances": {"usd": 10_000}, "interpret": True} | options
    return bt.backtest(data, instruments, strategy, **options)


def table(frame: pl.DataFrame, *columns: str) -> list[tuple[Any, ...]]:
    """Chosen columns as rows; times as seconds, names as text."""
    plain = []
    for name in columns:
        column = frame[name]
        if isinstance(column.dtype, pl.Datetime):
            column = [None if ns is None else ns / S for ns in column.to_physical().to_list()]
        elif isinstance(column.dtype, pl.Enum | pl.Categorical):
            column = column.cast(pl.String)
        plain.append(list(column))
    return list(zip(*plain, strict=True))


class Watch:
    """A Python strategy that notes what ``see`` says at each wake-up, and asks for what ``ask`` gives."""

    def __init__(self, see: Any, ask: Any = None, wake: Any = "every_event") -> None:
        self.wake, self.seen, self._see, self._ask = wake, [], see, ask

    def generate_algo_orders(self, state: Any) -> Any:
        self.seen.append(self._see(state))
        return self._ask(state, len(self.seen)) if self._ask else ((), ())
