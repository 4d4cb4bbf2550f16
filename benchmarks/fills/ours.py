"""The grid in barter_bt, with its journals."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from barter_bt import Instrument, Latency, Schedule, Simulation, Venue
from barter_bt.backtest import Result
from benchmarks.fills.feed import LOT, NAME, TIME, Feed

COIN = Instrument("binance_futures_usd", NAME, kind="perpetual", price_increment="0.1", quantity_increment="0.001")
MODELS: Mapping[str, Mapping[str, object]] = {
    "conservative": {"queue": "conservative"},
    "power 1": {"queue": "power", "queue_power": 1},
    "power 3": {"queue": "power", "queue_power": 3},
    "logarithmic": {"queue": "logarithmic"},
    "relative power 2": {"queue": "relative_power", "queue_power": 2},
}


def simulation(feed: Feed, model: str, latency_ns: int) -> Simulation:
    """All but the orders."""
    latency = Latency(request_ns=latency_ns, response_ns=latency_ns)
    venue = Venue(latency=latency, **MODELS[model])  # type: ignore[arg-type]
    return Simulation(feed.streams(), COIN, venues=venue, balances={"usdt": 10_000_000})


def schedule(orders: pl.DataFrame) -> Schedule:
    """An open and a cancel for each order, cancels of one time before opens."""
    row = pl.int_range(pl.len())
    opens = orders.select("time", "price", order=row, action=pl.lit("open"), quantity=pl.col("side") * LOT)
    cancels = orders.select(
        time="cancel", price=pl.lit(None, pl.Float64), order=row, action=pl.lit("cancel"), quantity=pl.lit(0.0)
    )
    both = pl.concat([opens, cancels]).sort("time", "action", "order").with_columns(row=row)
    sent = both.filter(pl.col("action") == "open").select("order", sent="row")
    rows = both.join(sent, on="order", how="left", maintain_order="left").select(
        pl.col("time").cast(TIME),
        "action",
        "quantity",
        "price",
        instrument=pl.lit(NAME),
        post_only=pl.col("action") == "open",
        ref=pl.when(pl.col("action") == "cancel").then("sent").otherwise(-1),
    )
    return Schedule(rows)


def fills(result: Result) -> pl.DataFrame:
    """``order`` (a row of the grid), ``time``, ``why``."""
    return result.trades.select(
        order="order_id", time=pl.col("time_exchange").cast(pl.Int64), why=pl.col("fill_reason").cast(pl.String)
    )
