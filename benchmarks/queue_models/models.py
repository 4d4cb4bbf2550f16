"""Ghosts as limit orders of a backtest, which sees levels and trades and no order ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from barter_bt import Instrument, Schedule, Simulation, Venue
from barter_bt.data import Stream
from benchmarks.queue_models.ghosts import Ghosts
from benchmarks.queue_models.lobster import PER_USD

POWERS = range(1, 10)
QUEUES: Mapping[str, Mapping[str, object]] = {
    "conservative": {"queue": "conservative"},
    **{f"power {n}": {"queue": "power", "queue_power": n} for n in POWERS},
    "logarithmic": {"queue": "logarithmic"},
    **{f"relative power {n}": {"queue": "relative_power", "queue_power": n} for n in (2, 3)},
}
WITHOUT: Mapping[str, Mapping[str, object]] = {
    "no queue, through": {"maker_fills_on": "trades", "limit_fill": "through"},
    "no queue, touch": {"maker_fills_on": "trades", "limit_fill": "touch"},
}
"""What a backtest without a book does: for comparison."""
MODELS = {**QUEUES, **WITHOUT}
FILL = {"ghost": pl.Int64, "time": pl.Int64, "shares": pl.Int64, "why": pl.String}


def fills(name: str, streams: Sequence[Stream], terms: Mapping[str, object], ghosts: Ghosts) -> pl.DataFrame:
    """Each fill of each ghost under the terms of a venue: ``ghost``, ``time``, ``shares``, ``why``."""
    share = Instrument("nasdaq", f"{name}_usd", price_increment="0.0001", quantity_increment=1)
    venue = Venue(account="margin", **terms)  # type: ignore[arg-type]
    simulation = Simulation(streams, share, venues=venue, balances={"usd": 1_000_000_000})
    found = []
    for lane in np.unique(ghosts.lane):
        mine = np.flatnonzero(ghosts.lane == lane)
        result = simulation.run(Schedule(orders(share.name, ghosts, mine)))
        trades = result.trades.select(
            pl.col("order_id").alias("row"),
            pl.col("time_exchange").cast(pl.Int64).alias("time"),
            pl.col("quantity").round().cast(pl.Int64).alias("shares"),
            pl.col("fill_reason").cast(pl.String).alias("why"),
        )
        rows = pl.DataFrame({"row": np.arange(len(mine)), "ghost": mine}).with_columns(pl.col("row").cast(pl.Int64))
        found.append(trades.join(rows, on="row").select(*FILL))
    return pl.concat(found).cast(FILL)  # type: ignore[arg-type]


def orders(name: str, ghosts: Ghosts, mine: np.ndarray) -> pl.DataFrame:
    """Rows of a schedule: an order for each ghost, and behind it its cancel."""
    n = len(mine)
    times = np.stack([ghosts.time[mine], ghosts.end[mine]], 1).ravel()
    return pl.DataFrame(
        {
            "time": pl.Series(times).cast(pl.Datetime("ns", "UTC")),
            "instrument": [name] * (2 * n),
            "action": ["open", "cancel"] * n,
            "quantity": np.stack([ghosts.side[mine] * ghosts.size[mine], np.zeros(n)], 1).ravel().astype(float),
            "price": np.repeat(ghosts.price[mine] / PER_USD, 2),
            "ref": np.stack([np.full(n, -1), 2 * np.arange(n)], 1).ravel(),
        }
    ).with_columns(pl.when(pl.col("action") == "open").then("price").alias("price"))
