"""A run's tables without an engine, for tests of everything that comes after the engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from barter_bt.backtest.journal import NO_FLOWS, NO_SPLITS
from barter_bt.statistic.sessions import NO_SESSIONS

NS = pl.Datetime("ns", "UTC")
SIDES = pl.Enum(["buy", "sell"])
STATUS = pl.Enum(["open", "filled", "cancelled", "rejected", "expired"])
EXCHANGE = pl.Enum(["xsim"])
INSTRUMENT = pl.Enum(["btc_usd", "eth_usd", "eth_btc"])
STRATEGY = pl.Enum(["main"])
START_NS = 1_704_067_200_000_000_000  # 2024-01-01T00:00:00Z
DAY_NS = 86_400_000_000_000

ORDERS = {
    "order_id": pl.Int64,
    "strategy": STRATEGY,
    "exchange": EXCHANGE,
    "instrument": INSTRUMENT,
    "side": SIDES,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "filled": pl.Float64,
    "status": STATUS,
    "time_sent": NS,
}
TRADES = {
    "trade_id": pl.Int64,
    "time_exchange": NS,
    "exchange": EXCHANGE,
    "instrument": INSTRUMENT,
    "side": SIDES,
    "price": pl.Float64,
    "quantity": pl.Float64,
    "notional": pl.Float64,
    "fees": pl.Float64,
    "order_id": pl.Int64,
    "position_id": pl.Int64,
    "strategy": STRATEGY,
}
POSITIONS = {
    "position_id": pl.Int64,
    "exchange": EXCHANGE,
    "instrument": INSTRUMENT,
    "side": SIDES,
    "pnl_realised": pl.Float64,
    "time_enter": NS,
    "time_exit": NS,
    "strategy": STRATEGY,
}
BALANCES = {
    "time_exchange": NS,
    "exchange": EXCHANGE,
    "asset": pl.Enum(["usd"]),
    "total": pl.Float64,
    "free": pl.Float64,
}
EQUITY = {"time": NS, "equity": pl.Float64}


def table(schema: dict[str, Any], **columns: Any) -> pl.DataFrame:
    """A table of the schema; columns not given are null, a scalar is repeated."""
    rows = max(
        (len(each) for each in columns.values() if hasattr(each, "__len__") and not isinstance(each, str)), default=0
    )
    data = {}
    for name, dtype in schema.items():
        value = columns.get(name)
        if value is None or isinstance(value, (str, int, float)):
            value = [value] * rows
        series = pl.Series(name, value, strict=False)
        data[name] = series.cast(pl.Int64).cast(dtype) if dtype == NS and rows else series.cast(dtype)
    return pl.DataFrame(data, schema=schema)


@dataclass
class FakeRun:
    """What the engine will return, as far as reports need it."""

    orders: pl.DataFrame = field(default_factory=lambda: table(ORDERS))
    trades: pl.DataFrame = field(default_factory=lambda: table(TRADES))
    positions: pl.DataFrame = field(default_factory=lambda: table(POSITIONS))
    balances: pl.DataFrame = field(default_factory=lambda: table(BALANCES))
    equity: pl.DataFrame = field(default_factory=lambda: table(EQUITY))
    cash_flows: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NO_FLOWS))
    amends: pl.DataFrame = field(default_factory=pl.DataFrame)
    sessions: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NO_SESSIONS))
    splits: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=NO_SPLITS))
    record: pl.DataFrame | None = None
    audit: pl.DataFrame | None = None
    config: dict[str, Any] = field(
        default_factory=lambda: {"data": [{"path": "x.parquet"}], "instruments": [], "venues": {}}
    )
    digest: str = "0" * 64
    digests: dict[str, str] = field(default_factory=lambda: {"equity": "1" * 64})
    timings: dict[str, float] = field(default_factory=lambda: {"run": 0.5})
    warnings: list[str] = field(default_factory=list)
    partial: bool = False
    seed: int = 7
    version: str = "0.1.0"
    reporting: str = "usd"


def equity_of(values: Any, step_ns: int = DAY_NS) -> pl.DataFrame:
    """An equity curve with one mark per step from 2024 on."""
    return table(EQUITY, time=START_NS + step_ns * np.arange(len(values)), equity=np.asarray(values, dtype=float))


def crossing_run(bars: int, fills: int, seed: int = 1) -> FakeRun:
    """A plausible long-or-flat run over minute bars: buys and sells in turn, equity that follows."""
    random = np.random.default_rng(seed)
    price = 100 * np.exp(np.cumsum(random.normal(1e-7, 2e-4, bars)))
    time = START_NS + 60_000_000_000 * np.arange(bars)
    rows = np.sort(random.choice(bars, fills, replace=False))
    side = np.resize([0, 1], fills)
    held = np.zeros(bars)
    held[rows] = np.where(side == 0, 1, -1)
    held = np.cumsum(held)
    fee = 0.00002 * price[rows]
    cash = np.zeros(bars)
    cash[rows] = np.where(side == 0, -1, 1) * price[rows] - fee
    pairs = fills // 2
    into, out = rows[: 2 * pairs : 2], rows[1 : 2 * pairs : 2]
    names = np.array(["buy", "sell"])[side]
    return FakeRun(
        orders=table(
            ORDERS,
            order_id=np.arange(fills),
            exchange="xsim",
            instrument="btc_usd",
            side=names,
            quantity=np.ones(fills),
            filled=1.0,
            status="filled",
            time_sent=time[rows],
            strategy="main",
        ),
        trades=table(
            TRADES,
            trade_id=np.arange(fills),
            time_exchange=time[rows],
            exchange="xsim",
            instrument="btc_usd",
            side=names,
            price=price[rows],
            quantity=1.0,
            notional=price[rows],
            fees=fee,
            order_id=np.arange(fills),
            position_id=np.arange(fills) // 2,
            strategy="main",
        ),
        positions=table(
            POSITIONS,
            position_id=np.arange(pairs),
            exchange="xsim",
            instrument="btc_usd",
            side="buy",
            pnl_realised=price[out] - price[into],
            time_enter=time[into],
            time_exit=time[out],
            strategy="main",
        ),
        equity=table(EQUITY, time=time, equity=1000 + np.cumsum(cash) + held * price),
    )
