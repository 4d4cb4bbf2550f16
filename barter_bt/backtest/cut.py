"""Cutting a run at a time: which times, what the run still does, and what was known of its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

from barter_bt.backtest.commands import Commands
from barter_bt.backtest.difference import COMPARED
from barter_bt.backtest.divergence import ASKED, row_times
from barter_bt.backtest.result import Result
from barter_bt.data.moment import moment
from barter_bt.data.schema import TIME
from barter_bt.errors import ConfigError
from barter_bt.statistic.tables import nanoseconds


def choose(
    at: Sequence[datetime] | None, n: int, span_ns: tuple[int, int], result: Result | None, arguments: Mapping[str, Any]
) -> list[int]:
    """Where to cut, ascending; without a result evenly."""
    first, last = span_ns
    bounds = {name: _nanoseconds(arguments[name], name) for name in ("start", "end") if arguments.get(name)}
    first, last = max(first, bounds.get("start", first)), min(last, bounds.get("end", last))
    if at is not None:
        times = sorted({_nanoseconds(each, "at") for each in at})
        for time_ns in times:
            if not first <= time_ns < last:
                raise ConfigError(
                    f"at holds {moment(time_ns)}; allowed: from {moment(first)} until before {moment(last)}"
                )
        return times
    if n < 1:
        raise ConfigError(f"n is {n}; it must be at least 1")
    sent = np.empty(0, np.int64) if result is None else np.unique(nanoseconds(result.orders["time_sent"].drop_nulls()))
    sent = sent[(sent >= first) & (sent < last)]
    chosen = sent[np.linspace(0, len(sent) - 1, min(len(sent), -(-n // 2))).astype(np.int64)].tolist()
    even = n - len(chosen)
    chosen += [first + (last - first) * k // (even + 1) for k in range(1, even + 1)]
    return sorted(set(chosen))


def start_ns(arguments: Mapping[str, Any]) -> int | None:
    """Where a run is to start, if it says so."""
    return _nanoseconds(arguments["start"], "start") if arguments.get("start") else None


def _nanoseconds(moment_: datetime, what: str) -> int:
    if moment_.tzinfo is None:
        raise ConfigError(
            f"{what} is {moment_}, which has no time zone", "for example datetime(2024, 1, 1, tzinfo=UTC)"
        )
    return int(nanoseconds(pl.Series([moment_]))[0])


def until(result: Result, time_ns: int) -> dict[str, pl.DataFrame]:
    """What was known until a time; of an order that was closed later, only what was asked for."""
    tables = {name: getattr(result, name) for name in COMPARED}
    exits = result.trades["time_engine"].gather(tables["positions"]["trade_id_exit"])
    known = {name: row_times(name, frame) <= time_ns for name, frame in tables.items()}
    known["positions"] = nanoseconds(exits) <= time_ns
    found = {name: frame.filter(known[name]) for name, frame in tables.items()}
    found["amends"] = _amends_until(result.amends, time_ns)
    orders = _with_prices_of(found["orders"], result.amends, time_ns)
    closed = pl.col("time_closed").to_physical() <= time_ns
    later = [pl.when(closed).then(pl.col(name)).alias(name) for name in orders.columns if name not in ASKED]
    found["orders"] = orders.with_columns(later)
    equity = result.equity
    found["equity"] = equity.filter(row_times("equity", equity) < time_ns)
    return found


def _amends_until(amends: pl.DataFrame, time_ns: int) -> pl.DataFrame:
    """The amends that were sent until a time; of one that was answered later, only what it gave."""
    answered = pl.col("time_engine").to_physical() <= time_ns
    later = ("price_before", "status", "reason", "time_exchange", "time_engine")
    sent = amends.filter(nanoseconds(amends["time_sent"]) <= time_ns)
    return sent.with_columns(pl.when(answered).then(pl.col(name)).alias(name) for name in later)


def _with_prices_of(orders: pl.DataFrame, amends: pl.DataFrame, time_ns: int) -> pl.DataFrame:
    """Orders with the limit prices that they had at a time: before amends that were answered later."""
    is_later = pl.col("price_before").is_not_null() & (pl.col("time_engine").to_physical() > time_ns)
    later = amends.filter(is_later).unique("order_id", keep="first", maintain_order=True)
    if not later.height:
        return orders
    joined = orders.join(later.select("order_id", "price_before"), on="order_id", how="left", maintain_order="left")
    return joined.with_columns(price=pl.coalesce("price_before", "price")).drop("price_before")


def ended(commands: Commands | pl.DataFrame | None, time_ns: int) -> Commands:
    """The commands until a time, and the end of the run: what is in flight is dealt with, no market data is seen."""
    end = pl.DataFrame({"time": pl.Series([time_ns + 1]).cast(TIME), "command": ["shutdown"]})
    if commands is None:
        return Commands(end)
    frame = commands.frame if isinstance(commands, Commands) else commands
    frame = frame.with_columns(pl.col("time").dt.convert_time_zone("UTC").dt.cast_time_unit("ns"))
    before = frame.filter(pl.col("time") <= pl.lit(time_ns).cast(TIME))
    return Commands(pl.concat([before, end], how="diagonal_relaxed"))
