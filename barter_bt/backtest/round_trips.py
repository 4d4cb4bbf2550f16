"""The table of round trips: positions from entry to exit, what they made, and how far the market went meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barter_bt.backtest.excursions import Ranges, Spans
from barter_bt.backtest.split_trips import in_last_units, ranges_over_splits, splits_of_positions
from barter_bt.engine.order import BY_VENUE
from barter_bt.engine.order import REASONS as NAMES
from barter_bt.errors import DataError
from barter_bt.statistic.activity import Activity
from barter_bt.statistic.tables import codes, nanoseconds
from barter_bt.statistic.trips import returns_of

if TYPE_CHECKING:
    from barter_bt.backtest.journal import Frames
    from barter_bt.backtest.prices import MarketPrices
    from barter_bt.statistic.tables import Tables

_BY_VENUE: Final = [NAMES[reason] for reason in BY_VENUE]
REASONS: Final = pl.Enum(["signal", "stop_loss", "take_profit", "trailing_stop", "split", *_BY_VENUE, "end"])
_CLOSED: Final = pl.col("time_exit").is_not_null()


def round_trips(run: Tables, frames: Frames, market: MarketPrices | None, end_ns: int) -> pl.DataFrame:
    """Make the table; see :attr:`barter_bt.Result.round_trips`.

    Parameters
    ----------
    run
        The run's tables.
    frames
        What knows of positions that its tables do not tell: those that are open, and what each last fill closed.
    market
        The market's prices; None if they are not there any more.
    end_ns
        When the run ended.
    """
    last = pl.DataFrame({"position_id": run.positions["position_id"], "quantity_last": frames.quantities_closed_last()})
    positions = pl.concat([run.positions, frames.open_positions()])
    activity = Activity(run)
    rows = positions.with_columns(
        inverse=pl.Series(activity.inverse(positions), dtype=pl.Boolean),
        returned=pl.Series(returns_of(activity, positions)).fill_nan(None),
        until=pl.col("time_exit").fill_null(pl.lit(end_ns).cast(positions["time_exit"].dtype)),
    ).join(last, on="position_id", how="left", maintain_order="left")
    splits = splits_of_positions(frames.splits())
    rows = _with_exits(_with_fills(rows, run.trades, splits), run.orders, run.trades)
    ranges = _ranges(rows, splits, market, end_ns)
    known = pl.lit(ranges is not None)
    if ranges is not None:
        rows = rows.with_columns(
            low=pl.min_horizontal("low", pl.Series(ranges.low).fill_nan(None)),
            high=pl.max_horizontal("high", pl.Series(ranges.high).fill_nan(None)),
            bars=pl.Series(ranges.bars).set(pl.Series(ranges.bars < 0), None),
        )
    lost, won = _excursions()
    return rows.select(
        "position_id",
        "exchange",
        "instrument",
        "strategy",
        "side",
        quantity="quantity_abs_max",
        time_enter="time_enter",
        price_enter="price_entry_average",
        time_exit="time_exit",
        price_exit=pl.when(_CLOSED).then("price_exit"),
        bars=pl.col("bars") if ranges is not None else pl.lit(None, pl.Int64),
        duration=pl.col("until") - pl.col("time_enter"),
        pnl="pnl_realised",
        fees=pl.col("fees_enter") + pl.col("fees_exit"),
        **{"return": pl.when(_CLOSED).then("returned")},
        mae=pl.when(known).then(lost.clip(upper_bound=0.0)),
        mfe=pl.when(known).then(won.clip(lower_bound=0.0)),
        reason_exit="reason_exit",
    )


def _with_fills(rows: pl.DataFrame, trades: pl.DataFrame, splits: pl.DataFrame) -> pl.DataFrame:
    """Add the lowest and highest price of a position's own fills, and the average of those that reduced it."""
    fills = trades.select("trade_id", "position_id", "side", "price", "quantity")
    opens = rows.select("position_id", trade_id="trade_id_enter").join(fills.drop("position_id"), on="trade_id")
    fills, opens = in_last_units(fills, splits), in_last_units(opens, splits)
    every = pl.concat([fills.select("position_id", "price"), opens.select("position_id", "price")])
    own = every.group_by("position_id").agg(low=pl.col("price").min(), high=pl.col("price").max())
    about = rows.select("position_id", "trade_id_exit", "quantity_last", "inverse", side_held="side")
    out = fills.join(about, on="position_id").filter(pl.col("side") != pl.col("side_held"))
    is_last = pl.col("trade_id") == pl.col("trade_id_exit")
    closed = pl.when(is_last).then("quantity_last").otherwise("quantity")  # a flip opens with the rest
    price, total = pl.col("price"), closed.sum()
    mean = pl.when(pl.col("inverse").first()).then(total / (closed / price).sum())
    exits = out.group_by("position_id").agg(
        price_exit=pl.when(price.min() == price.max())
        .then(price.first())
        .otherwise(mean.otherwise((closed * price).sum() / total))
    )
    for found in (own, exits):
        rows = rows.join(found, on="position_id", how="left", maintain_order="left")
    return rows


def _with_exits(rows: pl.DataFrame, orders: pl.DataFrame, trades: pl.DataFrame) -> pl.DataFrame:
    """Add why each position ended, and whether inside a candle: by a maker's fill, or by a triggered order."""
    kind = pl.col("kind").cast(pl.String)
    triggered = ~kind.is_in(["market", "limit", "exercise"])
    reason = (
        pl.when(pl.col("reason").cast(pl.String).is_in(_BY_VENUE))
        .then(pl.col("reason").cast(pl.String))
        .when(kind == "exercise")
        .then(pl.lit("exercise"))
        .when(kind.str.starts_with("trailing_stop"))
        .then(pl.lit("trailing_stop"))
        .when(kind.str.starts_with("stop"))
        .then(pl.lit("stop_loss"))
        .when(triggered | pl.col("parent_id").is_not_null())
        .then(pl.lit("take_profit"))
        .otherwise(pl.lit("signal"))
    )
    ended = (
        trades.select(pl.col("trade_id").alias("trade_id_exit"), "order_id", "liquidity")
        .join(orders.select("order_id", "kind", "parent_id", "reason"), on="order_id")
        .select(
            "trade_id_exit", reason_exit=reason, inside=triggered | (pl.col("liquidity").cast(pl.String) == "maker")
        )
    )
    rows = rows.join(ended, on="trade_id_exit", how="left", maintain_order="left")
    without = pl.when(_CLOSED).then(pl.lit("split")).otherwise(pl.lit("end"))
    return rows.with_columns(pl.coalesce("reason_exit", without).cast(REASONS), pl.col("inside").fill_null(value=False))


def _ranges(rows: pl.DataFrame, splits: pl.DataFrame, market: MarketPrices | None, end_ns: int) -> Ranges | None:
    """What the market showed meanwhile; None if a file is no longer what the run read."""
    if market is None:
        return None
    number, names = codes(rows["instrument"])
    of = np.array([market.names.index(name) for name in names], np.int64)
    enter, leave = nanoseconds(rows["time_enter"]), nanoseconds(rows["until"])
    spans = Spans(of[number], enter, leave, rows["inside"].to_numpy())
    try:
        return ranges_over_splits(market, spans, rows["position_id"], splits, end_ns)
    except DataError:
        return None


def _excursions() -> tuple[pl.Expr, pl.Expr]:
    """Result of a unit of cost at the worst and at the best price, of inverse contracts in their own coin.

    Null where a position cost less than half a unit of money, and so has no average entry.
    """
    entry = pl.col("price_entry_average").fill_nan(None)

    def gain(price: str) -> pl.Expr:
        p = pl.col(price)
        return pl.when(entry <= 0).then(None).when("inverse").then((p - entry) / p).otherwise((p - entry) / entry)

    is_long = pl.col("side").cast(pl.String) == "buy"
    lost = pl.when(is_long).then(gain("low")).otherwise(-gain("high"))
    won = pl.when(is_long).then(gain("high")).otherwise(-gain("low"))
    return lost, won
